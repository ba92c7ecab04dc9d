// SPDX-License-Identifier: Apache-2.0

import Foundation
import Records
import RecordsSQLite
import Synchronization
import Testing

/// Copies of several databases that belong together (`docs/decisions/0029`).
@Suite(.timeLimit(.minutes(5))) struct DatabaseCutTests {
    /// A number goes to the first party and then, as a message would, to the second one.
    private func send(_ number: UInt64, _ first: Party, _ second: Party) async throws {
        try await first.write(number)
        try await second.write(number)
    }

    /// Copies both, and counts what is in the copies.
    private func counts(
        of cut: DatabaseCut,
        _ paths: [String],
        in folder: String
    ) async throws -> [Int] {
        var counts: [Int] = []
        for path in paths {
            let copy = "\(folder)/\(UUID().uuidString).sqlite"
            try cut.copy(path, to: copy)
            counts.append(try await Party.count(in: copy))
        }
        cut.close()
        return counts
    }

    @Test func `no copy knows of a message that the copy of its sender does not know`()
        async throws
    {
        try await withFolder { folder in
            let paths = ["first", "second"].map { "\(folder)/\($0).sqlite" }
            let (first, second) = (try Party(paths[0]), try Party(paths[1]))
            let isOver = Mutex(false)
            let sending = Task {
                var number: UInt64 = 0
                while !isOver.withLock({ $0 }) {
                    number += 1
                    try await send(number, first, second)
                }
                return number
            }
            for _ in 0..<40 {
                // Named in the other order: it does not count.
                let cut = try DatabaseCut(of: paths.reversed())
                let counts = try await counts(of: cut, paths, in: folder)
                #expect(counts[0] - counts[1] == 0 || counts[0] - counts[1] == 1)
            }
            isOver.withLock { $0 = true }
            #expect(try await sending.value > 0)
            await first.store.close()
            await second.store.close()
        }
    }

    @Test func `copied one after the other, the second copy knows what the first does not`()
        async throws
    {
        try await withFolder { folder in
            let paths = ["first", "second"].map { "\(folder)/\($0).sqlite" }
            let (first, second) = (try Party(paths[0]), try Party(paths[1]))
            try await send(1, first, second)
            let sender = try DatabaseCut(of: [paths[0]])
            try await send(2, first, second)
            let receiver = try DatabaseCut(of: [paths[1]])
            let copied = [
                try await counts(of: sender, [paths[0]], in: folder),
                try await counts(of: receiver, [paths[1]], in: folder),
            ]
            #expect(copied == [[1], [2]])
            await first.store.close()
            await second.store.close()
        }
    }

    @Test func `what is written after the moment is in no copy, and is written`() async throws {
        try await withFolder { folder in
            let path = "\(folder)/first.sqlite"
            let party = try Party(path)
            try await party.write(1)
            let cut = try DatabaseCut(of: [path])
            try await party.write(2)
            #expect(try cut.marks(of: path).historyRows == 1)
            #expect(try await counts(of: cut, [path], in: folder) == [1])
            await party.store.close()
            #expect(try await Party.count(in: path) == 2)
        }
    }

    @Test func `a copy is one file, and nobody else may read it`() async throws {
        try await withFolder { folder in
            let (path, copy) = ("\(folder)/first.sqlite", "\(folder)/copy.sqlite")
            let party = try Party(path)
            try await party.write(1)
            let cut = try DatabaseCut(of: [path])
            try cut.copy(path, to: copy)
            cut.close()
            await party.store.close()
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["copy.sqlite", "first.sqlite"])
            let attributes = try FileManager.default.attributesOfItem(atPath: copy)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `marks say whose a database is, and how much newer another state is`()
        async throws
    {
        try await withFolder { folder in
            let path = "\(folder)/first.sqlite"
            let party = try Party(path)
            var marks: [DatabaseMarks] = []
            for number in UInt64(1)...3 {
                try await party.write(number)
                let cut = try DatabaseCut(of: [path])
                marks.append(try cut.marks(of: path))
                cut.close()
            }
            await party.store.close()
            #expect(marks.map(\.party) == ["counter", "counter", "counter"])
            #expect(marks[0].version == 3)
            // A record and a row of history for each number.
            #expect(marks[0].rowsSince(until: marks[2]) == 4)
            #expect(marks[2].rowsSince(until: marks[0]) == 0)
            #expect(marks[1].rowsSince(until: marks[1]) == 0)
        }
    }

    @Test func `a file that is none of ours, or is not there, is refused and not changed`()
        async throws
    {
        try await withFolder { folder in
            let path = "\(folder)/other.sqlite"
            try put("not a database, and long enough to be looked at as one", path, 0o600)
            #expect(throws: StoreFailure.self) { try DatabaseCut(of: [path]).marks(of: path) }
            #expect(throws: StoreFailure.self) { try DatabaseCut(of: ["\(folder)/none.sqlite"]) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["other.sqlite"])
        }
    }
}
