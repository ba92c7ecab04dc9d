// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkEdge
import SchemeAuthority
import Testing

@Suite struct SchemeAuthorityTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let day: TimeInterval = 86_400

    /// Runs the body with an empty folder that is removed afterwards.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "opal-authority-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func setMode(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func madeAuthority(in folder: String) throws -> SchemeAuthority {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: now)
        try authority.save(in: folder)
        return authority
    }

    @Test func `what is saved is loaded, and keys are for the owner alone`() throws {
        try withFolder { folder in
            let authority = try madeAuthority(in: folder)
            let party = try authority.issue("payment", now: now)
            try party.save(in: folder)
            #expect(try mode("\(folder)/ca.key") == 0o600)
            #expect(try mode("\(folder)/payment.key") == 0o600)
            #expect(try mode(folder) == 0o700)
            let loaded = try SchemeAuthority.load(from: folder, now: now)
            #expect(loaded.certificatePEM == authority.certificatePEM)
            let back = try PartyCertificate.load("payment", from: folder, now: now)
            #expect(back.certificatePEM == party.certificatePEM)
            #expect(back.keyPEM == party.keyPEM)
            #expect(back.authorityPEM == authority.certificatePEM)
            #expect(try LinkIdentity(back).name == "payment")
        }
    }

    @Test func `a party is issued again with another key and serial number`() throws {
        try withFolder { folder in
            let authority = try madeAuthority(in: folder)
            let first = try authority.issue("payment", now: now)
            try first.save(in: folder)
            let later = now.addingTimeInterval(300 * day)
            let second = try SchemeAuthority.load(from: folder, now: later)
                .issue("payment", now: later)
            try second.save(in: folder)
            let back = try PartyCertificate.load("payment", from: folder, now: later)
            #expect(back.certificatePEM == second.certificatePEM)
            #expect(back.keyPEM != first.keyPEM)
            #expect(try mode("\(folder)/payment.key") == 0o600)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.sorted() == ["ca.key", "ca.pem", "payment.key", "payment.pem"])
        }
    }

    @Test func `an authority is not overwritten`() throws {
        try withFolder { folder in
            let first = try madeAuthority(in: folder)
            #expect(throws: AuthorityFailure.alreadyThere(path: "\(folder)/ca.key")) {
                try madeAuthority(in: folder)
            }
            let back = try SchemeAuthority.load(from: folder, now: now)
            #expect(back.certificatePEM == first.certificatePEM)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o660])
    func `a key that others may read is refused`(mode: Int) throws {
        try withFolder { folder in
            try madeAuthority(in: folder).issue("payment", now: now).save(in: folder)
            try setMode(mode, "\(folder)/payment.key")
            #expect(throws: AuthorityFailure.keyReadableByOthers(path: "\(folder)/payment.key")) {
                try PartyCertificate.load("payment", from: folder, now: now)
            }
            try setMode(mode, "\(folder)/ca.key")
            #expect(throws: AuthorityFailure.keyReadableByOthers(path: "\(folder)/ca.key")) {
                try SchemeAuthority.load(from: folder, now: now)
            }
        }
    }

    @Test func `a link to a key is judged by the key`() throws {
        try withFolder { folder in
            try madeAuthority(in: folder).issue("payment", now: now).save(in: folder)
            let key = "\(folder)/payment.key"
            try FileManager.default.moveItem(atPath: key, toPath: "\(folder)/elsewhere")
            try FileManager.default.createSymbolicLink(
                atPath: key,
                withDestinationPath: "\(folder)/elsewhere"
            )
            _ = try PartyCertificate.load("payment", from: folder, now: now)
            try setMode(0o644, "\(folder)/elsewhere")
            #expect(throws: AuthorityFailure.keyReadableByOthers(path: key)) {
                try PartyCertificate.load("payment", from: folder, now: now)
            }
        }
    }

    @Test func `missing, damaged and foreign files are named`() throws {
        try withFolder { folder in
            let load = { try PartyCertificate.load("payment", from: folder, now: now) }
            #expect(throws: AuthorityFailure.missing(path: "\(folder)/ca.pem")) { try load() }
            let authority = try madeAuthority(in: folder)
            #expect(throws: AuthorityFailure.missing(path: "\(folder)/payment.pem")) { try load() }
            let party = try authority.issue("payment", now: now)
            try party.save(in: folder)

            let certificate = "\(folder)/payment.pem"
            let key = "\(folder)/payment.key"
            let put = { (text: String, path: String) in
                try Data(text.utf8).write(to: URL(filePath: path))
            }
            try put("garbage", certificate)
            #expect(throws: AuthorityFailure.notACertificate(path: certificate)) { try load() }
            try put(party.keyPEM, certificate)
            #expect(throws: AuthorityFailure.notACertificate(path: certificate)) { try load() }
            let stranger = try SchemeAuthority.make(name: "Test scheme", now: now)
                .issue("payment", now: now)
            try put(stranger.certificatePEM, certificate)
            #expect(throws: AuthorityFailure.notOfThisAuthority(path: certificate)) { try load() }
            try put(party.certificatePEM, certificate)
            try put(stranger.keyPEM, key)
            #expect(throws: AuthorityFailure.keyOfAnother(path: key)) { try load() }
            try put("garbage", key)
            #expect(throws: AuthorityFailure.notAKey(path: key)) { try load() }
            try FileManager.default.removeItem(atPath: key)
            #expect(throws: AuthorityFailure.missing(path: key)) { try load() }
            try put(party.certificatePEM, "\(folder)/ca.pem")
            #expect(throws: AuthorityFailure.notAnAuthority(path: "\(folder)/ca.pem")) {
                try load()
            }
        }
    }

    @Test func `expired and early certificates are refused`() throws {
        try withFolder { folder in
            let authority = try madeAuthority(in: folder)
            try authority.issue("payment", now: now, validity: .seconds(3600)).save(in: folder)
            let path = "\(folder)/payment.pem"
            let end = now.addingTimeInterval(3600)
            #expect(throws: AuthorityFailure.expired(path: path, since: end)) {
                try PartyCertificate.load(
                    "payment",
                    from: folder,
                    now: end.addingTimeInterval(1)
                )
            }
            let early = now.addingTimeInterval(-day)
            #expect(throws: AuthorityFailure.self) {
                try PartyCertificate.load("payment", from: folder, now: early)
            }
            #expect(throws: AuthorityFailure.self) {
                try SchemeAuthority.load(from: folder, now: now.addingTimeInterval(4000 * day))
            }
        }
    }

    @Test func `a certificate does not outlive its authority`() throws {
        let authority = try SchemeAuthority.make(
            name: "Short",
            now: now,
            validity: .seconds(7200)
        )
        let party = try authority.issue("payment", now: now)
        #expect(party.notValidAfter == now.addingTimeInterval(7200))
    }

    @Test(arguments: [
        "", "ca", "CA", "../x", "a/b", "*.example", "a..b", "-a", "a-", "a b", "é", "a_b",
        String(repeating: "a", count: 64),
    ])
    func `what cannot be a party's name is refused`(name: String) throws {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: now)
        #expect(throws: AuthorityFailure.badName(name)) { try authority.issue(name, now: now) }
    }

    @Test(arguments: [
        "127.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "1:2:3:4:5:6:7:8", "1::",
    ])
    func `an address is taken`(address: String) throws {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: now)
        _ = try authority.issue(
            "site",
            dnsNames: ["localhost"],
            ipAddresses: [address],
            use: .site,
            now: now
        )
    }

    @Test(arguments: [
        "", "127.0.0", "127.0.0.256", "127.0.0.01", "1.2.3.4.5", "+1.2.3.4", ":", ":::", "1::2::3",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "localhost",
    ])
    func `what is no address is refused`(address: String) throws {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: now)
        #expect(throws: AuthorityFailure.badAddress(address)) {
            try authority.issue("site", ipAddresses: [address], now: now)
        }
    }

    @Test func `no text shows a key`() throws {
        let authority = try SchemeAuthority.make(name: "Test scheme", now: now)
        let party = try authority.issue("payment", now: now)
        let texts = ["\(authority)", "\(party)", "\(try LinkIdentity(party))"]
        for text in texts { #expect(!text.contains("PRIVATE")) }
        #expect(texts[1].hasPrefix("certificate of payment, valid until 2028-"))
    }
}
