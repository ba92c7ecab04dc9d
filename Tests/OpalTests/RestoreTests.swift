// SPDX-License-Identifier: Apache-2.0

import BackUps
import Foundation
import Kernel
import OPALServer
import RecordsSQLite
import SecurityModule
import Testing
import Wire

@testable import opal

/// What a restore sets back, keeps and sets aside, as `opal restore` does it.
@Suite(.timeLimit(.minutes(15))) struct RestoreTests {
    private func backUp(
        _ scheme: FundedScheme,
        withSecrets: Bool = true
    ) throws -> BackUp {
        let writer = BackUpWriter(
            data: scheme.folder.path,
            destination: scheme.folder.path + "-back-ups",
            withSecrets: withSecrets
        )
        return try BackUp(try writer.write(time: BackUpTime.text(Date())).path)
    }

    private func restore(
        _ backUp: BackUp,
        into folder: DataFolder,
        only parts: [String] = [],
        keys: DataFolder? = nil
    ) throws -> Restore {
        try Restore(
            backUp,
            into: folder,
            only: parts,
            passphrase: nil,
            keys: keys,
            withFloat: false
        )
    }

    private func report(_ restore: Restore) async throws -> RestoreReport {
        try await RestoreReport(restore, ProgressLine(isShown: false))
    }

    /// A scheme whose demo cardholder exists, and its back-ups beside it, removed afterwards.
    private func with(_ body: (FundedScheme) async throws -> Void) async throws {
        try await FundedScheme.with { scheme in
            defer { try? FileManager.default.removeItem(atPath: scheme.folder.path + "-back-ups") }
            try await scheme.running { _ in }
            try await body(scheme)
        }
    }

    /// A forged sale comes back for payment: the issuer's float knows it from then on.
    private func askForForged(_ scheme: FundedScheme) async throws {
        try await scheme.running { running in
            let card = try await running.cardholder(scheme.folder).card
            let forged = try FloatSchemeTests.forged(card)
            #expect(try await running.opal.float.proofs.prove([forged]) == [.forged])
        }
    }

    private func balance(_ scheme: FundedScheme) async throws -> [UInt64] {
        let access = try await OperatorAccess(scheme.folder, passphrase: nil)
        var balances: [UInt64] = []
        for card in try await access.desk.cards(after: nil, limit: 9) {
            let description = try #require(try await access.desk.describe(card))
            balances.append(description.purses[0].balance.minorUnits)
        }
        await access.store.close()
        return balances
    }

    @Test func `a load since the back-up is named, and the card is blocked when that is accepted`()
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            try await scheme.running { running in
                _ = try await running.load(5_00, scheme.folder)
            }
            let restore = try restore(copy, into: scheme.folder, only: ["opal-server"])
            try restore.stage()
            let report = try await report(restore)
            #expect(report.setsBack)
            let sums = try #require(report.cards?.sums())
            #expect(sums.less == ["0978/2": 5_00])
            #expect(sums.more.isEmpty)
            // The gateway stays, and knows what was charged.
            #expect(report.audit?.findings.contains { $0.contains("but on no card") } == true)
            #expect(try await restore.block(report.cardsToBlock) == 1)
            let aside = try #require(try restore.place(at: BackUpTime.text(Date())))
            #expect(FileManager.default.fileExists(atPath: aside + "/opal-server/module.key"))
            #expect(try await balance(scheme) == [25_00])
            let access = try await OperatorAccess(scheme.folder, passphrase: nil)
            let card = try #require(try await access.desk.cards(after: nil, limit: 1).first)
            #expect(try await access.desk.describe(card)?.isBlocked == true)
            await access.store.close()
        }
    }

    @Test func `where nothing happened since, nothing is set back`() async throws {
        try await with { scheme in
            let copy = try backUp(scheme)
            let restore = try restore(copy, into: scheme.folder)
            try restore.stage()
            let report = try await report(restore)
            #expect(!report.setsBack, "\(report.lines)")
            #expect(report.audit?.isClean == true)
            _ = try restore.place(at: BackUpTime.text(Date()))
            #expect(try await scheme.audit().findings == [])
        }
    }

    @Test func `the issuer's float stays as it is, and names what the cards forget`()
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            try await askForForged(scheme)
            let restore = try restore(copy, into: scheme.folder, only: ["opal-server"])
            try restore.stage()
            let findings = try await report(restore).audit?.findings ?? []
            #expect(findings.contains { $0.contains("it is forged") }, "\(findings)")
            restore.removeStaging()
        }
    }

    @Test(arguments: [true, false])
    func `where the key of the issuer's float is lost, that it goes back is told`(isOther: Bool)
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            try await askForForged(scheme)
            let key = scheme.folder.keyFile(.opalServer)
            try FileManager.default.removeItem(atPath: key)
            if isOther {
                let other = scheme.folder.keyFile(.paymentServer)
                try FileManager.default.copyItem(atPath: other, toPath: key)
            }
            let restore = try restore(copy, into: scheme.folder, only: ["opal-server"])
            try restore.stage()
            #expect(restore.losesFloat)
            let report = try await report(restore)
            #expect(report.setsBack)
            #expect(report.notes.contains { $0.contains("float cannot stay") })
            #expect(report.newerRows.contains { $0.path.hasSuffix("issuer-float.sqlite") })
            restore.removeStaging()
        }
    }

    @Test func `a party whose database is gone, or was put back, does not start`() async throws {
        try await with { scheme in
            let notes = HighWater(path: scheme.folder.path + "-back-ups/notes")
            try notes.check(scheme.folder, [.shop])
            let parties: [DataFolder.Party: Role] = [
                .shop: .shop, .clearing: .clearing, .loyaltyServer: .airline,
                .concentrationPoint: .concentrationPoint,
            ]
            for (party, role) in parties {
                let file = "\(notes.path)/\(party.rawValue).json"
                try notes.raise(scheme.folder, [role])
                #expect(FileManager.default.fileExists(atPath: file), "\(party)")
                var marks = try JSONDecoder().decode(
                    HighWater.Marks.self,
                    from: try Data(contentsOf: URL(fileURLWithPath: file))
                )
                #expect(!marks.last.isEmpty)
                let table = try #require(marks.last.keys.min())
                marks.last[table, default: 0] += 1
                try JSONEncoder().encode(marks).write(to: URL(fileURLWithPath: file))
                #expect(throws: CommandFailure.self) { try notes.check(scheme.folder, [role]) }
                try FileManager.default.removeItem(atPath: scheme.folder.database(party))
                #expect(try notes.fallen(in: scheme.folder).contains { $0.party == party })
                #expect(throws: CommandFailure.self) { try notes.check(scheme.folder, [role]) }
            }
        }
    }

    @Test func `a restore that was broken off keeps servers out until it is finished`()
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            // Killed after its first move: its locks are gone with it.
            try restore(copy, into: scheme.folder).stage()
            let aside = DataFolder(scheme.folder.path + "/set-aside-1")
            try RestoreNote(scheme.folder).write(
                RestoreNote.Content(
                    aside: aside.path,
                    backUp: copy.path,
                    time: copy.manifest.time,
                    parts: copy.manifest.parts
                )
            )
            try aside.make()
            try FileManager.default.moveItem(
                atPath: scheme.folder.folder(.opalServer),
                toPath: aside.folder(.opalServer)
            )
            #expect(throws: CommandFailure.self) { try scheme.folder.lock(.shop) }
            await #expect(throws: CommandFailure.self) {
                try await Founding(folder: scheme.folder, passphrase: nil).run()
            }
            // Neither a part of it nor another back-up ends it.
            #expect(throws: CommandFailure.self) {
                try restore(copy, into: scheme.folder, only: ["shop"])
            }
            let later = try backUp(scheme)
            #expect(throws: CommandFailure.self) { try restore(later, into: scheme.folder) }
            #expect(throws: CommandFailure.self) { try scheme.folder.lock(.shop) }
            let second = try restore(copy, into: scheme.folder)
            try second.stage()
            // Compared with what was set aside.
            #expect(try await report(second).cards?.cards.isEmpty == true)
            #expect(try second.place(at: BackUpTime.text(Date())) == aside.path)
            _ = try scheme.folder.lock(.shop)
            #expect(try await scheme.audit().findings == [])
        }
    }

    @Test func `a back-up without keys takes those that it needs, and no others`() async throws {
        try await with { scheme in
            let copy = try backUp(scheme, withSecrets: false)
            let empty = DataFolder(scheme.folder.path + "-back-ups/elsewhere")
            #expect(throws: CommandFailure.self) {
                try restore(copy, into: empty).stage()
            }
            let whole = try restore(copy, into: empty, keys: scheme.folder)
            try whole.stage()
            _ = try whole.place(at: BackUpTime.text(Date()))
            let audit = try await SchemeAudit(
                folder: empty,
                passphrase: nil,
                progress: ProgressLine(isShown: false)
            ).run()
            #expect(audit.findings == [])
            #expect(audit.cards == 1)
            try await FundedScheme.with { other in
                #expect(throws: CommandFailure.self) {
                    try restore(copy, into: DataFolder(empty.path + "-2"), keys: other.folder)
                        .stage()
                }
            }
        }
    }

    @Test func `where the data that are replaced cannot be read, nothing is taken for right`()
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            let database = scheme.folder.database(.opalServer)
            try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: database))
            let restore = try restore(copy, into: scheme.folder, only: ["opal-server"])
            try restore.stage()
            let report = try await report(restore)
            #expect(report.isUnknown && report.setsBack)
            #expect(report.audit?.findings == [])
            restore.removeStaging()
        }
    }

    @Test func `data that were put back by hand are recognised by what was noted elsewhere`()
        async throws
    {
        try await with { scheme in
            let notes = HighWater(path: scheme.folder.path + "-back-ups/notes")
            let roles: Set<Role> = [.opalServer]
            try notes.check(scheme.folder, roles)
            try notes.raise(scheme.folder, roles)
            try scheme.keep(.opalServer)
            try await scheme.running { running in
                _ = try await running.load(5_00, scheme.folder)
            }
            try notes.raise(scheme.folder, roles)
            try notes.check(scheme.folder, roles)
            try scheme.setBack(.opalServer)
            #expect(try notes.fallen(in: scheme.folder).map(\.table) == ["account_load"])
            #expect(throws: CommandFailure.self) { try notes.check(scheme.folder, roles) }
            // A server of others may start.
            try notes.check(scheme.folder, [.shop])
            // Seen again, it is still less: what was noted is never lowered by a look.
            try notes.raise(scheme.folder, roles)
            #expect(throws: CommandFailure.self) { try notes.check(scheme.folder, roles) }
            try notes.accept(scheme.folder, ["opal-server"])
            try notes.check(scheme.folder, roles)
        }
    }

    @Test func `an old back-up in an empty folder is recognised by what was noted elsewhere`()
        async throws
    {
        try await with { scheme in
            let copy = try backUp(scheme)
            try await scheme.running { running in
                _ = try await running.load(5_00, scheme.folder)
            }
            let notes = HighWater(path: scheme.folder.path + "-back-ups/notes")
            try notes.check(scheme.folder, [.opalServer])
            try notes.raise(scheme.folder, [.opalServer])
            let empty = DataFolder(scheme.folder.path + "-back-ups/elsewhere")
            let restore = try restore(copy, into: empty)
            try restore.stage()
            let progress = ProgressLine(isShown: false)
            #expect(try await !RestoreReport(restore, progress).setsBack)
            let noted = try await RestoreReport(restore, progress, highWater: notes)
            #expect(noted.setsBack)
            #expect(noted.fallen.map(\.table) == ["account_load"])
        }
    }

    @Test func `a restore beside a running server is refused`() async throws {
        try await with { scheme in
            let copy = try backUp(scheme)
            let lock = try scheme.folder.lock(.opalServer)
            #expect(throws: CommandFailure.self) { try restore(copy, into: scheme.folder) }
            withExtendedLifetime(lock) {}
        }
    }

    @Test func `a part that the back-up does not have is refused by name`() async throws {
        try await with { scheme in
            let copy = try backUp(scheme)
            #expect(throws: CommandFailure.self) {
                try restore(copy, into: scheme.folder, only: ["terminal"])
            }
        }
    }
}
