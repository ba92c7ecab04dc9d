// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Foundation

/// The file of a local master key: JSON, mode 0600. Without a passphrase the key stands in it as
/// hexadecimal text; with one it is wrapped under a key made by scrypt.
package enum KeyFile {
    private struct Content: Codable {
        var format = "OPAL local master key 1"
        /// The check value of the key.
        var check: String
        /// 64 hexadecimal digits, or 80 where it is wrapped.
        var key: String
        /// 32 hexadecimal digits where there is a passphrase.
        var salt: String?
    }

    /// scrypt with 64 MiB and about 0.2 s: RFC 7914 §2, N = 2¹⁶, r = 8, p = 1.
    private static let scryptRounds = 1 << 16

    /// A key file has some hundred bytes.
    private static let contentBytesMax = 64 * 1024

    /// Makes a key and writes it. An existing file is never overwritten.
    ///
    /// - Returns: the key.
    package static func create(
        at path: String,
        passphrase: String?
    ) throws(KeyFailure) -> LocalMasterKey {
        let key = SymmetricKey(size: .bits256)
        let master = LocalMasterKey(key)
        var content = Content(check: master.checkValue, key: "")
        if let passphrase {
            let salt = Array(SymmetricKey(size: .bits128).bytes)
            guard let wrapping = stretch(passphrase, salt),
                let wrapped = try? AES.KeyWrap.wrap(key, using: wrapping)
            else { throw .fileUnreadable(path: path) }
            content.key = hexText(wrapped)
            content.salt = hexText(salt)
        } else {
            content.key = hexText(key.bytes)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(content) else { throw .fileUnreadable(path: path) }
        // O_EXCL: whoever made a file in between keeps it.
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else {
            throw errno == EEXIST ? .fileExists(path: path) : .fileMissing(path: path)
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        guard (try? handle.write(contentsOf: data)) != nil, (try? handle.synchronize()) != nil
        else { throw .fileUnreadable(path: path) }
        return master
    }

    /// Reads a key.
    ///
    /// - Throws: `KeyFailure` with what to do; a file that others may read is refused.
    package static func read(
        at path: String,
        passphrase: String?
    ) throws(KeyFailure) -> LocalMasterKey {
        let data = try ownData(at: path)
        guard
            let content = try? JSONDecoder().decode(Content.self, from: data),
            let stored = bytes(content.key)
        else { throw .fileUnreadable(path: path) }
        let key: SymmetricKey
        if let saltText = content.salt {
            guard let passphrase else { throw .passphraseMissing(path: path) }
            guard let salt = bytes(saltText), let wrapping = stretch(passphrase, salt),
                let unwrapped = try? AES.KeyWrap.unwrap(stored, using: wrapping)
            else { throw .passphraseWrong(path: path) }
            key = unwrapped
        } else {
            key = SymmetricKey(data: stored)
        }
        guard key.bitCount == 256 else { throw .fileUnreadable(path: path) }
        let master = LocalMasterKey(key)
        guard master.checkValue == content.check else { throw .fileUnreadable(path: path) }
        return master
    }

    /// The content of a file that its owner alone can read. The file is opened once, so that what
    /// was checked is what is read; a link leads to the file that counts.
    private static func ownData(at path: String) throws(KeyFailure) -> Data {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT ? .fileMissing(path: path) : .fileUnreadable(path: path)
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw .fileUnreadable(path: path) }
        guard status.st_mode & 0o077 == 0 else { throw .fileReadableByOthers(path: path) }
        guard let data = try? handle.read(upToCount: contentBytesMax) else {
            throw .fileUnreadable(path: path)
        }
        return data
    }

    private static func stretch(_ passphrase: String, _ salt: [UInt8]) -> SymmetricKey? {
        try? KDF.Scrypt.deriveKey(
            from: Array(passphrase.utf8),
            salt: salt,
            outputByteCount: 32,
            rounds: scryptRounds,
            blockSize: 8,
            parallelism: 1,
            maxMemory: 256 * 1024 * 1024
        )
    }

    private static func hexText(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}

extension SymmetricKey {
    /// A copy of the key's bytes, for the few places where a key leaves the module wrapped by hand.
    var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}
