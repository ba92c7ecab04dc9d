// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import HSM
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Testing

@Suite struct CMACKeyTests {
    private static let key =
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"

    /// NIST, examples of SP 800-38B with AES-256.
    @Test(arguments: [
        ("", "028962f61b7bf89efc6b551f4667d983"),
        ("6bc1bee22e409f96e93d7e117393172a", "28a7023f452e8f82bd4bf28d8c37c35c"),
        (
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
            "aaf3d8f1de5640c232f5b169b9c911e6"
        ),
        (
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
            "e1992190549f6ed5696a2c056c315410"
        ),
    ])
    func `the codes of the standard come out, each time`(message: String, code: String) throws {
        let key = CMACKey(SymmetricKey(data: try #require(Hex.bytes(Self.key))))
        let bytes = try #require(Hex.bytes(message))
        for _ in 0..<2 {
            #expect(Hex.text(key.code(bytes)) == code)
            #expect(Hex.text(key.code8(bytes).bigEndianBytes) == code.prefix(16))
        }
    }

    /// SP 800-108r1 §4.1, made step by step.
    @Test func `a derived key is two codes behind each other`() throws {
        let key = CMACKey(SymmetricKey(data: try #require(Hex.bytes(Self.key))))
        func part(_ counter: UInt8) -> [UInt8] {
            key.code(
                [0, 0, 0, counter] + Array("OPAL test".utf8) + [0] + [9, 8, 7] + [0, 0, 1, 0]
            )
        }
        #expect(key.derive("OPAL test", [9, 8, 7]) == SymmetricKey(data: part(1) + part(2)))
    }

    @Test func `another label or context gives another key`() {
        let key = CMACKey(SymmetricKey(size: .bits256))
        let keys = [
            key.derive("a", []), key.derive("b", []), key.derive("a", [0]), key.derive("a", [1]),
        ]
        for (index, first) in keys.enumerated() {
            for second in keys[..<index] { #expect(first != second) }
        }
    }

    @Test func `a key of another length is a fault of the program`() async {
        await #expect(processExitsWith: .failure) { _ = CMACKey(SymmetricKey(size: .bits128)) }
    }
}

@Suite struct LocalMasterKeyTests {
    /// Bytes that are recognised in any text: 200, 201, 202 … and their hexadecimal and Base64.
    private static let bytes = (0..<32).map { UInt8(200 + $0) }

    @Test func `a wrapped key opens under its own master key alone`() throws {
        let master = LocalMasterKey.make()
        let key = SymmetricKey(size: .bits256)
        let wrapped = try master.wrap(key)
        #expect(wrapped.count == LocalMasterKey.wrappedBytes)
        #expect(try master.unwrap(wrapped) == key)
        #expect(throws: KeyFailure.doesNotUnwrap) { try LocalMasterKey.make().unwrap(wrapped) }
        for position in wrapped.indices {
            var damaged = wrapped
            damaged[position] ^= 1
            #expect(throws: KeyFailure.doesNotUnwrap) { try master.unwrap(damaged) }
        }
        #expect(throws: KeyFailure.doesNotUnwrap) { try master.unwrap(wrapped.dropLast()) }
        #expect(throws: KeyFailure.doesNotUnwrap) { try master.unwrap([]) }
    }

    @Test func `keys of different purposes are different`() {
        let master = LocalMasterKey(SymmetricKey(data: Self.bytes))
        #expect(master.derive("one") != master.derive("two"))
        #expect(master.derive("one", [1]) != master.derive("one", [2]))
        #expect(
            master.derive("one") == LocalMasterKey(SymmetricKey(data: Self.bytes)).derive("one")
        )
    }

    @Test func `a check value is six digits and tells two keys apart`() {
        let value = LocalMasterKey(SymmetricKey(data: Self.bytes)).checkValue
        #expect(value.count == 6)
        #expect(value.allSatisfy { $0.isHexDigit })
        #expect(LocalMasterKey(SymmetricKey(data: Self.bytes)).checkValue == value)
        #expect(LocalMasterKey.make().checkValue != value)
    }

    @Test func `no key is printed, whatever prints it`() throws {
        let key = SymmetricKey(data: Self.bytes)
        let master = LocalMasterKey(key)
        let issuer = IssuerMasterKeys(purchase: key, load: key, completion: key, proof: key)
        let module = SoftwareModule(master)
        let card = SoftwareSecurityCard(
            SecurityCardIdentifier(acquirer: 1, serial: 2),
            master: master
        )
        let name = try #require(IssuerIdentifier("636812"))
        module.install(issuer, as: .init(issuer: name, version: 1))
        card.install(issuer, as: .init(issuer: name, version: 1))
        let secrets =
            [Self.bytes] + [
                bytes(master.derive("OPAL card record")),
                bytes(master.derive("OPAL password pepper")),
                bytes(master.derive("OPAL security card memory")),
                bytes(master.derive("OPAL record sealing", Array("bank".utf8))),
            ]
        let values: [Any] = [
            master, CMACKey(key), issuer, issuer.ready, module, card, PasswordKeeper(master),
            RecordSealer(master, party: "bank"),
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            for text in [String(describing: value), String(reflecting: value), dumped] {
                for secret in secrets {
                    #expect(!text.lowercased().contains(Hex.text(secret.prefix(4))))
                    #expect(!text.contains(Data(secret).base64EncodedString().prefix(6)))
                    let decimals = secret.prefix(3).map(String.init)
                    #expect(!text.contains(decimals.joined(separator: ", ")))
                    // `dump` prints an array line by line.
                    #expect(!text.contains("- \(decimals[0])\n"))
                }
            }
        }
    }

    private func bytes(_ key: SymmetricKey) -> [UInt8] {
        unsafe key.withUnsafeBytes { unsafe Array($0) }
    }
}

@Suite struct KeyFileTests {
    /// A folder of its own for each test, removed afterwards.
    private final class Folder {
        let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        var path: String { url.appendingPathComponent("master.key").path }

        func permissions() throws -> Int {
            try #require(
                FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            )
        }

        func set(permissions: Int) throws {
            try FileManager.default.setAttributes(
                [.posixPermissions: permissions],
                ofItemAtPath: path
            )
        }

        deinit { try? FileManager.default.removeItem(at: url) }
    }

    @Test func `a key file is for its owner alone and gives the key back`() throws {
        let folder = try Folder()
        let made = try KeyFile.create(at: folder.path, passphrase: nil)
        #expect(try folder.permissions() == 0o600)
        let read = try KeyFile.read(at: folder.path, passphrase: nil)
        #expect(read.checkValue == made.checkValue)
        #expect(read.derive("test") == made.derive("test"))
    }

    @Test func `an existing file is never overwritten`() throws {
        let folder = try Folder()
        _ = try KeyFile.create(at: folder.path, passphrase: nil)
        let before = FileManager.default.contents(atPath: folder.path)
        #expect(throws: KeyFailure.fileExists(path: folder.path)) {
            try KeyFile.create(at: folder.path, passphrase: nil)
        }
        #expect(FileManager.default.contents(atPath: folder.path) == before)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])
    func `a file that others may touch is refused`(permissions: Int) throws {
        let folder = try Folder()
        _ = try KeyFile.create(at: folder.path, passphrase: nil)
        try folder.set(permissions: permissions)
        #expect(throws: KeyFailure.fileReadableByOthers(path: folder.path)) {
            try KeyFile.read(at: folder.path, passphrase: nil)
        }
        try folder.set(permissions: 0o400)
        _ = try KeyFile.read(at: folder.path, passphrase: nil)
    }

    /// Where secrets are mounted, files often are links.
    @Test func `what counts is the file behind a link`() throws {
        let folder = try Folder()
        let made = try KeyFile.create(at: folder.path, passphrase: nil)
        let link = folder.url.appendingPathComponent("link").path
        try FileManager.default.createSymbolicLink(
            atPath: link,
            withDestinationPath: folder.path
        )
        #expect(try KeyFile.read(at: link, passphrase: nil).checkValue == made.checkValue)
        try folder.set(permissions: 0o640)
        #expect(throws: KeyFailure.fileReadableByOthers(path: link)) {
            try KeyFile.read(at: link, passphrase: nil)
        }
    }

    @Test func `a passphrase is needed, and the right one`() throws {
        let folder = try Folder()
        let made = try KeyFile.create(at: folder.path, passphrase: "köhler & söhne")
        #expect(
            try KeyFile.read(at: folder.path, passphrase: "köhler & söhne").checkValue
                == made.checkValue
        )
        #expect(throws: KeyFailure.passphraseWrong(path: folder.path)) {
            try KeyFile.read(at: folder.path, passphrase: "kohler & sohne")
        }
        #expect(throws: KeyFailure.passphraseMissing(path: folder.path)) {
            try KeyFile.read(at: folder.path, passphrase: nil)
        }
        #expect(try folder.permissions() == 0o600)
    }

    @Test func `a key whose check value is another's is refused`() throws {
        let folder = try Folder()
        _ = try KeyFile.create(at: folder.path, passphrase: nil)
        let text = try String(contentsOfFile: folder.path, encoding: .utf8)
        let key = try #require(
            text.range(of: #""key" : "[0-9a-f]{2}"#, options: .regularExpression)
        )
        let old = text[key]
        let new = old.dropLast(2) + (old.hasSuffix("00") ? "01" : "00")
        let damaged = [
            text.replacingCharacters(in: key, with: new), String(text.dropLast(2)), "", "{}",
            text.replacingOccurrences(of: "\"key\" : \"", with: "\"key\" : \"zz"),
            text.replacingOccurrences(of: "\"key\" : \"", with: "\"key\" : \"00"),
        ]
        for content in damaged {
            try content.write(toFile: folder.path, atomically: false, encoding: .utf8)
            #expect(throws: KeyFailure.fileUnreadable(path: folder.path)) {
                try KeyFile.read(at: folder.path, passphrase: nil)
            }
        }
    }

    @Test func `a file that is not there is missing`() throws {
        let folder = try Folder()
        #expect(throws: KeyFailure.fileMissing(path: folder.path)) {
            try KeyFile.read(at: folder.path, passphrase: nil)
        }
    }

    @Test func `each failure says what to do and holds no secret`() {
        let failures: [KeyFailure] = [
            .fileMissing(path: "/k"), .fileExists(path: "/k"), .fileReadableByOthers(path: "/k"),
            .fileUnreadable(path: "/k"), .passphraseMissing(path: "/k"),
            .passphraseWrong(path: "/k"),
        ]
        for failure in failures { #expect(failure.description.contains("/k")) }
        #expect(KeyFailure.doesNotUnwrap.description.contains("local master key"))
    }
}

@Suite struct RecordSealerTests {
    private let sealer = RecordSealer(.make(), party: "bank")

    @Test func `a sealed record opens under its own name and revision alone`() async throws {
        let body: [UInt8] = [1, 2, 3]
        let sealed = try await sealer.seal(body, name: [7], revision: 4)
        #expect(sealed.count == body.count + 28)
        #expect(try await sealer.open(sealed, name: [7], revision: 4) == body)
        for (name, revision) in [([8], 4), ([7], 5), ([7, 0], 4), ([], 4)] as [([UInt8], UInt64)] {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await sealer.open(sealed, name: name, revision: revision)
            }
        }
        for position in sealed.indices {
            var damaged = sealed
            damaged[position] ^= 1
            await #expect(throws: ModuleFailure.sealBroken) {
                try await sealer.open(damaged, name: [7], revision: 4)
            }
        }
        await #expect(throws: ModuleFailure.sealBroken) {
            try await sealer.open([], name: [7], revision: 4)
        }
    }

    @Test func `the same record is sealed anew each time`() async throws {
        let first = try await sealer.seal([1], name: [7], revision: 4)
        #expect(try await sealer.seal([1], name: [7], revision: 4) != first)
    }

    @Test func `a record of another party or module does not open`() async throws {
        let master = LocalMasterKey.make()
        let bank = RecordSealer(master, party: "bank")
        let sealed = try await bank.seal([1], name: [7], revision: 1)
        for other in [RecordSealer(master, party: "shop"), RecordSealer(.make(), party: "bank")] {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await other.open(sealed, name: [7], revision: 1)
            }
        }
    }

    @Test func `a row's hash follows from all that it covers`() async throws {
        let zero = [UInt8](repeating: 0, count: 32)
        let row = try await sealer.chain([1], stream: [2], number: 1, previous: zero)
        let message = zero + [2] + UInt64(1).bigEndianBytes + [1]
        #expect(row.hash == Array(SHA256.hash(data: message)))
        #expect(row.number == 1)
        #expect(row.body == [1])
        let others = [
            RecordSealer.chain([2], stream: [2], number: 1, previous: zero),
            RecordSealer.chain([1], stream: [3], number: 1, previous: zero),
            RecordSealer.chain([1], stream: [2], number: 2, previous: zero),
            RecordSealer.chain([1], stream: [2], number: 1, previous: row.hash),
        ]
        for other in others { #expect(other.hash != row.hash) }
    }
}

@Suite struct PasswordKeeperTests {
    private let keeper = PasswordKeeper(.make(), rounds: 16)
    private let salt = [UInt8](repeating: 5, count: PasswordKeeper.saltBytes)

    @Test func `a password matches its own hash alone`() async throws {
        let hash = try await keeper.hash("correct horse", salt: salt)
        #expect(hash.count == 49)
        #expect(try await keeper.matches("correct horse", hash))
        for wrong in ["correct horsE", "", "correct horse ", "c"] {
            #expect(try await !keeper.matches(wrong, hash))
        }
    }

    @Test func `the salt and the module's key are part of the hash`() async throws {
        let hash = try await keeper.hash("correct horse", salt: salt)
        let other = try await keeper.hash("correct horse", salt: salt.map { $0 + 1 })
        #expect(hash != other)
        #expect(try await !PasswordKeeper(.make(), rounds: 16).matches("correct horse", hash))
    }

    @Test func `a hash of another form is broken, not wrong`() async throws {
        let hash = try await keeper.hash("correct horse", salt: salt)
        for broken in [[], Array(hash.dropLast()), hash + [0], [2] + hash.dropFirst()] {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await keeper.matches("correct horse", broken)
            }
        }
    }
}
