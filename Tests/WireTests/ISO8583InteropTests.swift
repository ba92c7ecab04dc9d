// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Testing
import Wire

private let python = ProcessInfo.processInfo.environment["OPAL_TEST_PYTHON"]

/// Somebody without our code reads our messages: `Tests/Interop/decode_iso8583.py`, with a Python
/// that has the package pyiso8583. OPAL_TEST_PYTHON names it.
@Suite(.enabled(if: python != nil))
struct ISO8583InteropTests {
    private struct Question: Encodable {
        let dialect, bytes: String
    }

    /// - Returns: the values of each message, or nil where the program says that one does not
    ///   decode.
    private func decode(_ questions: [Question]) throws -> [[String: String]]? {
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments = [
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Interop/decode_iso8583.py").path
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(questions))
        try input.fileHandleForWriting.close()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        if process.terminationStatus == 0 {
            return try JSONDecoder().decode([[String: String]].self, from: answer)
        }
        #expect(process.terminationStatus == 1)
        return nil
    }

    /// A fixed list: what the gateway and its network say, and every element once.
    private static func messages() throws -> [ISOMessage] {
        try ISO8583Vector.cases(of: .ascii1987).map { try $0.message }
    }

    @Test(arguments: ISODialect.all)
    func `pyiso8583 reads what we write`(dialect: ISODialect) throws {
        let messages = try Self.messages()
        let questions = try messages.map { message in
            Question(dialect: dialect.name, bytes: Hex.text(try dialect.encode(message)))
        }
        let answers = try #require(try decode(questions))
        #expect(answers.count == messages.count)
        for (answer, message) in zip(answers, messages) {
            #expect(try ISOMessage(values: answer) == message)
        }
    }

    @Test(arguments: ISODialect.all)
    func `pyiso8583 does not read a message that was cut`(dialect: ISODialect) throws {
        let bytes = try dialect.encode(try #require(try Self.messages().first)).dropLast()
        #expect(try decode([Question(dialect: dialect.name, bytes: Hex.text(bytes))]) == nil)
    }
}
