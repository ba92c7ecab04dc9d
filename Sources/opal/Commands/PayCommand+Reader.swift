// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClientCode
import ClientTerminal
import Foundation

// With the card in a reader.
extension PayCommand {
    /// Finishes what is open, then pays for the address, if there is one.
    func payByCard(in reader: String?, _ settings: TerminalSettings) async throws {
        let (memory, open): (PaymentFolder, [OpenPayment])
        do throws(TerminalFailure) {
            let folder = try PaymentFiles.folder(in: ProcessInfo.processInfo.environment)
            memory = PaymentFolder(try PaymentFiles(folder: folder))
            open = try memory.open()
        } catch {
            throw PayCommand.notAllowed("\(error.text) Nothing was taken now.")
        }
        let payment = ReaderPayment(
            terminal: ClientTerminal(settings, trace: PayCommand.trace()),
            memory: memory,
            reader: reader,
            consent: { [yes] bill in PayCommand.agrees(to: bill, beforehand: yes) }
        )
        var last: PaymentReport?
        for earlier in open {
            if let report = last { PayCommand.warn(report.text) }
            let report = await payment.finish(earlier)
            last = report
            // Until its outcome is known, the card is used for nothing else.
            if report.outcome == .pending { return try end(report) }
            // The order that was asked for is the one that was open.
            if let address, report.outcome != .refused, earlier.order == address {
                return try end(report)
            }
        }
        guard let address else {
            guard let last else {
                return print("No payment is open.")
            }
            return try end(last)
        }
        if let report = last { PayCommand.warn(report.text) }
        try end(await payment.pay(at: try url(address)))
    }

    private static func agrees(to bill: String, beforehand: Bool) -> Bool {
        if beforehand {
            warn(bill)
            return true
        }
        guard let prompt = try? SecretPrompt() else {
            warn("There is no terminal to ask for your consent. With --yes you agree beforehand.")
            return false
        }
        prompt.say(bill + "\n")
        let answer = prompt.answer(to: "Pay? Enter yes; anything else pays nothing: ")
        return answer.trimmingCharacters(in: .whitespaces).lowercased() == "yes"
    }
}
