// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file whose first line is the password.
package struct PasswordFile: Sendable {
    package let password: SecretText
    /// Whether its owner is not the only one who may read it.
    package let isOpenToOthers: Bool

    package init(path: String) throws(TerminalFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .noCredentials("\(path) cannot be read.") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0,
            let data = try? handle.read(upToCount: TerminalLimits.credentialBytesMax + 1)
        else { throw .noCredentials("\(path) holds no password.") }
        let line = data.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty, line.count <= TerminalLimits.credentialBytesMax,
            let text = String(data: line, encoding: .utf8)
        else { throw .noCredentials("\(path) holds no password in its first line.") }
        password = SecretText(text)
        isOpenToOthers = status.st_mode & 0o077 != 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
