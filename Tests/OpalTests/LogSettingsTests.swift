// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Testing

@testable import opal

@Suite struct LogSettingsTests {
    private func read(_ json: String) async throws -> LogSettings {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-log-\(UUID().uuidString).json")
        try Data(json.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await ServerSettings.read(file: file.path).log
    }

    @Test func `a server writes text from notice on where nothing is set`() async throws {
        let log = try await read("{}")
        #expect(log.format == .text && log.level == .notice)
    }

    @Test func `format and level are as they are set`() async throws {
        let log = try await read(#"{"log": {"format": "json", "level": "debug"}}"#)
        #expect(log.format == .json && log.level == .debug)
    }

    @Test(arguments: [
        #"{"log": {"format": "xml"}}"#, #"{"log": {"level": "loud"}}"#,
        #"{"log": {"levels": "info"}}"#,
    ])
    func `what is none of them is refused`(json: String) async {
        await #expect(throws: CommandFailure.self) { try await read(json) }
    }
}
