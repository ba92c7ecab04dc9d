// SPDX-License-Identifier: Apache-2.0

import BackUps
import Foundation
import Records
import RecordsSQLite
import Testing

/// What a back-up holds, and how it is seen that it is whole.
@Suite(.timeLimit(.minutes(5))) struct BackUpTests {
    private static let times = ["2026-11-28T09:15:00.000Z", "2026-11-28T10:15:00.000Z"]

    private func make(
        _ data: String,
        _ backUps: String,
        withSecrets: Bool = true,
        time: String = times[0]
    ) throws -> BackUp {
        let writer = BackUpWriter(data: data, destination: backUps, withSecrets: withSecrets)
        return try BackUp(try writer.write(time: time).path)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `a back-up has databases, keys and certificates, and comes back as it was`()
        async throws
    {
        try await withData { data, backUps in
            let backUp = try make(data, backUps)
            try backUp.verify()
            #expect(backUp.manifest.parts == ["ca", "first", "second"])
            #expect(
                backUp.manifest.files.map(\.path) == [
                    "ca/ca.key", "ca/ca.pem", "first/first.sqlite", "first/module.key",
                    "second/module.key", "second/second.sqlite",
                ]
            )
            #expect(
                backUp.manifest.keys == [
                    "first/module.key": "first", "second/module.key": "second",
                ]
            )
            let restored = backUps + "/restored"
            try backUp.copy(["ca", "first"], to: restored)
            #expect(try await Party.count(in: "\(restored)/first/first.sqlite") == 3)
            let found = try FileManager.default.contentsOfDirectory(atPath: restored).sorted()
            #expect(found == ["ca", "first"])
            #expect(try mode("\(restored)/ca/ca.pem") == 0o644)
            #expect(try mode("\(restored)/ca/ca.key") == 0o600)
            #expect(try mode("\(restored)/first/first.sqlite") == 0o600)
        }
    }

    @Test func `nobody else may read what is in a back-up`() async throws {
        try await withData { data, backUps in
            let backUp = try make(data, backUps)
            for file in backUp.manifest.files.map(\.path) + ["manifest.json"] {
                #expect(try mode("\(backUp.path)/\(file)") == 0o600)
            }
            #expect(try mode(backUp.path) == 0o700)
            #expect(try mode("\(backUp.path)/first") == 0o700)
        }
    }

    @Test func `without secrets neither keys nor passwords are in it, and it says so`()
        async throws
    {
        try await withData { data, backUps in
            try put("secret", "\(data)/demo-password", 0o600)
            let backUp = try make(data, backUps, withSecrets: false)
            try backUp.verify()
            #expect(
                backUp.manifest.leftOut == [
                    "ca/ca.key", "demo-password", "first/module.key", "second/module.key",
                ]
            )
            // By which the keys are recognised that it needs.
            #expect(backUp.manifest.keys["first/module.key"] == "first")
        }
    }

    @Test func `a changed byte in any file is recognised`() async throws {
        try await withData { data, backUps in
            let backUp = try make(data, backUps)
            for file in backUp.manifest.files.map(\.path) {
                let path = "\(backUp.path)/\(file)"
                let right = try #require(FileManager.default.contents(atPath: path))
                var wrong = right
                wrong[wrong.count / 2] ^= 1
                try wrong.write(to: URL(fileURLWithPath: path))
                #expect(throws: BackUpFailure.changed(path: file)) { try backUp.verify() }
                let target = "\(backUps)/\(UUID().uuidString)"
                #expect(throws: BackUpFailure.changed(path: file)) {
                    try backUp.copy(Set(backUp.manifest.parts), to: target)
                }
                try right.write(to: URL(fileURLWithPath: path))
            }
            try backUp.verify()
        }
    }

    @Test func `a file that is missing, cut off or added is recognised`() async throws {
        try await withData { data, backUps in
            let backUp = try make(data, backUps)
            let path = "\(backUp.path)/first/first.sqlite"
            let right = try #require(FileManager.default.contents(atPath: path))
            try right.dropLast().write(to: URL(fileURLWithPath: path))
            #expect(throws: BackUpFailure.changed(path: "first/first.sqlite")) {
                try backUp.verify()
            }
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: BackUpFailure.missing(path: "first/first.sqlite")) {
                try backUp.verify()
            }
            try right.write(to: URL(fileURLWithPath: path))
            try put("", "\(backUp.path)/first/more", 0o600)
            #expect(throws: BackUpFailure.added(path: "first/more")) { try backUp.verify() }
        }
    }

    @Test func `a manifest that was changed, and a back-up that was broken off, do not open`()
        async throws
    {
        try await withData { data, backUps in
            let path = try make(data, backUps).path
            let manifest = "\(path)/manifest.json"
            let text = try String(contentsOfFile: manifest, encoding: .utf8)
            try text.replacingOccurrences(of: "first", with: "fir5t")
                .write(toFile: manifest, atomically: false, encoding: .utf8)
            #expect(throws: BackUpFailure.manifestChanged) { try BackUp(path) }
            try FileManager.default.removeItem(atPath: "\(path)/manifest.sha256")
            #expect(throws: BackUpFailure.halfWritten) { try BackUp(path) }
            try FileManager.default.createDirectory(
                atPath: "\(backUps)/.partial-opal-1",
                withIntermediateDirectories: true
            )
            #expect(throws: BackUpFailure.halfWritten) { try BackUp("\(backUps)/.partial-opal-1") }
            #expect(throws: BackUpFailure.notABackUp) { try BackUp(data) }
        }
    }

    @Test func `a back-up that fails leaves nothing behind`() async throws {
        try await withData { data, backUps in
            try put("not a database, and long enough to be looked at", "\(data)/x.sqlite", 0o600)
            #expect(throws: BackUpFailure.self) { try make(data, backUps) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: backUps).isEmpty)
        }
    }

    @Test func `a back-up is not put into the folder that it is of, nor made of nothing`()
        async throws
    {
        try await withData { data, backUps in
            #expect(throws: BackUpFailure.insideData) { try make(data, "\(data)/back-ups") }
            #expect(throws: BackUpFailure.insideData) { try make(data, "\(data)/../data") }
            #expect(throws: BackUpFailure.noData) { try make("\(data)-none", backUps) }
        }
    }

    @Test func `a newer back-up of the same scheme beside it is found`() async throws {
        try await withData { data, backUps in
            let older = try make(data, backUps)
            let newer = try make(data, backUps, time: Self.times[1])
            #expect(older.newerOnes().map(\.path) == [newer.path])
            #expect(newer.newerOnes().isEmpty)
            // Of another scheme.
            for name in ["first", "second"] {
                let path = "\(data)/\(name)/module.key"
                try FileManager.default.removeItem(atPath: path)
                try put(#"{"check":"other","key":"00"}"#, path, 0o600)
            }
            _ = try make(data, backUps, time: "2026-11-29T10:15:00.000Z")
            #expect(older.newerOnes().map(\.path) == [newer.path])
        }
    }

    @Test func `two back-ups of one second have two names`() async throws {
        try await withData { data, backUps in
            let first = try make(data, backUps)
            let second = try make(data, backUps)
            #expect(first.path != second.path)
            try first.verify()
            try second.verify()
        }
    }
}
