// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Testing

/// A terminal of which the test holds the other end.
private final class FakeTerminal {
    let keyboard: Int32
    private let screen: Int32

    init() throws {
        var ends: (keyboard: Int32, screen: Int32) = (-1, -1)
        try #require(unsafe openpty(&ends.keyboard, &ends.screen, nil, nil, nil) == 0)
        (keyboard, screen) = ends
    }

    deinit {
        close(keyboard)
        close(screen)
    }

    var path: String { "/proc/self/fd/\(screen)" }

    /// Types when the question is there, as what is typed before is thrown away; gives what was
    /// shown. On a thread of its own, as both ends of the terminal wait for each other.
    func type(_ keys: String, after question: String) -> AsyncStream<String> {
        let handle = FileHandle(fileDescriptor: keyboard, closeOnDealloc: false)
        let (shown, ended) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            var screen = Data()
            while screen.range(of: Data(question.utf8)) == nil { screen += handle.availableData }
            try? handle.write(contentsOf: Data(keys.utf8))
            while screen.last != 0x0A { screen += handle.availableData }
            ended.yield(String(decoding: screen, as: UTF8.self))
            ended.finish()
        }
        return shown
    }
}

@Suite(.timeLimit(.minutes(15)), .serialized)
struct PromptTests {
    @Test func `what is typed is taken and not shown`() async throws {
        let terminal = try FakeTerminal()
        let prompt = try SecretPrompt(path: terminal.path)
        let shown = terminal.type("wronk\u{7F}g\u{15}pässé\u{7F}e word\n", after: "Password: ")
        #expect(try prompt.ask("Password: ").reveal() == "pässe word")
        for await screen in shown { #expect(screen == "Password: \r\n") }
    }

    @Test(arguments: ["abc\u{3}", "\u{4}", "\n"])
    func `leaving or entering nothing pays nothing, and gives the echo back`(
        keys: String
    ) async throws {
        let terminal = try FakeTerminal()
        let prompt = try SecretPrompt(path: terminal.path)
        let shown = terminal.type(keys, after: "Password: ")
        #expect(throws: TerminalFailure.self) { try prompt.ask("Password: ") }
        for await screen in shown { #expect(!screen.contains("abc")) }
        var mode = termios()
        #expect(unsafe tcgetattr(terminal.keyboard, &mode) == 0)
        #expect(mode.c_lflag & tcflag_t(ECHO) != 0)
    }

    @Test func `where there is no terminal nobody is asked`() {
        #expect(throws: TerminalFailure.self) { try SecretPrompt(path: "/dev/null") }
        #expect(throws: TerminalFailure.self) { try SecretPrompt(path: "/nonexistent") }
    }
}

struct PasswordFileTests {
    private func file(_ text: String, mode: Int) throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-password-\(UUID().uuidString)").path
        #expect(
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: mode]
            )
        )
        return path
    }

    @Test func `the first line is the password, and others are noticed who may read it`() throws {
        let own = try PasswordFile(path: file("pass word\r\nmore\n", mode: 0o600))
        #expect(own.password.reveal() == "pass word")
        #expect(!own.isOpenToOthers)
        #expect(try PasswordFile(path: file("x", mode: 0o640)).isOpenToOthers)
        #expect(!"\(own)".contains("pass word"))
    }

    @Test(arguments: ["", "\n", String(repeating: "x", count: 2000)])
    func `a file without a password is refused`(text: String) throws {
        let path = try file(text, mode: 0o600)
        #expect(throws: TerminalFailure.self) { try PasswordFile(path: path) }
    }
}
