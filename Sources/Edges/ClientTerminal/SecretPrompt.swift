// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Asks at a terminal, and does not show what is typed.
///
/// While it asks, the terminal gives every key at once and makes no signal of any, so that there
/// is no way out that leaves it without echo: Ctrl-C is read as a key and ends the question.
package final class SecretPrompt {
    private let descriptor: Int32

    /// Takes the terminal that the process was started from, wherever its input comes from.
    ///
    /// - Throws: `.noCredentials` if there is none.
    package init(path: String = "/dev/tty") throws(TerminalFailure) {
        descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw SecretPrompt.nobody }
        guard isatty(descriptor) == 1 else {
            close(descriptor)
            throw SecretPrompt.nobody
        }
    }

    deinit {
        close(descriptor)
    }

    private static let nobody = TerminalFailure.noCredentials(
        """
        There is no terminal to ask for the user identifier and the password. \
        Give them with --user and --password-file.
        """
    )

    /// Shows a line.
    package func say(_ text: String) {
        try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
            .write(contentsOf: Data(text.utf8))
    }

    /// - Throws: `.noCredentials` if the person leaves with Ctrl-C or Ctrl-D, or enters nothing.
    package func ask(_ question: String) throws(TerminalFailure) -> SecretText {
        var before = termios()
        guard unsafe tcgetattr(descriptor, &before) == 0 else { throw SecretPrompt.nobody }
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG)
        guard unsafe tcsetattr(descriptor, TCSAFLUSH, &quiet) == 0
        else { throw SecretPrompt.nobody }
        defer {
            _ = unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
            say("\n")
        }
        say(question)
        let text = SecretText(try line())
        guard !text.isEmpty else {
            throw .noCredentials("Nothing was entered, so nothing was paid.")
        }
        return text
    }

    /// Asks for a word that is shown while it is typed.
    ///
    /// - Returns: what was entered; empty where the terminal is gone.
    package func answer(to question: String) -> String {
        say(question)
        var bytes: [UInt8] = []
        while bytes.count < TerminalLimits.credentialBytesMax {
            var byte: UInt8 = 0
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != 0x0A, byte != 0x0D else { break }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func line() throws(TerminalFailure) -> String {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw .noCredentials("The terminal is gone.") }
            switch byte {
            case 0x0A, 0x0D:
                return String(decoding: bytes, as: UTF8.self)
            case 0x03, 0x04:
                throw .noCredentials("You left, so nothing was paid.")
            case 0x08, 0x7F:
                // A character is its first byte and what continues it (10xxxxxx).
                while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
            case 0x15:
                bytes.removeAll()
            case 0x00..<0x20:
                break
            default:
                if bytes.count < TerminalLimits.credentialBytesMax { bytes.append(byte) }
            }
        }
    }
}
