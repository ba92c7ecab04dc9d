// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Testing

struct ReportTests {
    @Test func `every outcome has a code of its own and a meaning`() {
        let codes = PaymentOutcome.allCases.map(\.exitCode)
        #expect(Set(codes) == Set(0...7))
        #expect(PaymentOutcome.allCases.allSatisfy { !$0.meaning.isEmpty })
    }

    @Test func `what a site wrote cannot steer the terminal`() {
        var report = PaymentReport(.paid)
        report.merchant = "Shop\u{1B}[2J\u{202E}"
        report.said = ["a\nb\u{7}"]
        let allowed = report.text.unicodeScalars.allSatisfy {
            $0 == "\n" || $0.properties.generalCategory != .control && $0 != "\u{202E}"
        }
        #expect(allowed)
        #expect(!report.text.contains("a\nb"))
    }
}
