// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

private let python = ProcessInfo.processInfo.environment["OPAL_TEST_PYTHON"]

/// A merchant without our code opens a Debit Result M: `Tests/Interop/open_debit_result.py`, with
/// a Python that has the packages cryptography and joserfc. OPAL_TEST_PYTHON names it.
@Suite(.enabled(if: python != nil))
struct InteropTests {
    private struct Question: Encodable {
        let key, trx, merchant, jwe: String
    }

    /// - Returns: the payload, or nil where the program says that the message does not open.
    private func open(_ question: Question) throws -> [UInt8]? {
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments = [
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Interop/open_debit_result.py").path
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(question))
        try input.fileHandleForWriting.close()
        let payload = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        if process.terminationStatus == 0 { return Array(payload) }
        #expect(process.terminationStatus == 1)
        return nil
    }

    @Test(arguments: [("NEWS000000042", "k1"), (#"A"B\C"#, #"k"\"#)])
    func `a JOSE library opens our result, and not a changed one`(
        _ merchant: String,
        _ keyName: String
    ) async throws {
        let parties = try Fixture(terms: Fixture.terms(merchant: merchant), keyName: keyName)
        let result = try parties.resultForMerchant(outcome: .void, reason: .orderGivenUp)
        let sealed = try await parties.sale.sealResult(result)
        func question(_ sealed: [UInt8]) -> Question {
            Question(
                key: Hex.text(Fixture.sharedBytes),
                trx: parties.terms.transaction.text,
                merchant: merchant,
                jwe: String(decoding: sealed, as: UTF8.self)
            )
        }
        let payload = try #require(try open(question(sealed)))
        #expect(try MerchantDebitResult(json: payload) == result)

        // The first character of each part: the last one may hold bits that say nothing.
        var starts = [0]
        for position in sealed.indices where sealed[position] == UInt8(ascii: ".") {
            starts.append(position + 1)
        }
        for start in [starts[0], starts[2], starts[3], starts[4]] {
            var changed = sealed
            changed[start] = changed[start] == UInt8(ascii: "A") ? 0x42 : 0x41
            #expect(try open(question(changed)) == nil)
        }
    }

    @Test func `a JOSE library opens our Authentication Result, and another site does not`()
        async throws
    {
        let parties = try Fixture().ofProof()
        let sealed = try await parties.authenticationResult()
        func question(_ merchant: String, _ transaction: TransactionIdentifier) -> Question {
            Question(
                key: Hex.text(Fixture.sharedBytes),
                trx: transaction.text,
                merchant: merchant,
                jwe: String(decoding: sealed, as: UTF8.self)
            )
        }
        let (terms, other) = (parties.terms, TransactionIdentifier(high: 1, low: 2))
        let payload = try #require(try open(question(terms.merchant.text, terms.transaction)))
        let result = try MerchantDebitResult(json: payload)
        #expect(result.isProof && result.outcome == .sold)
        #expect(try result.memberships == Fixture.memberships())
        #expect(try open(question("AIRLINE-2", terms.transaction)) == nil)
        #expect(try open(question(terms.merchant.text, other)) == nil)
    }
}
