// SPDX-License-Identifier: Apache-2.0

import BackUps
import Foundation
import OPALServer
import Records
import RecordsSQLite

/// What a restore would set back, as far as it can be seen: by the data that it replaces, by the
/// parties that stay, by what came back to the issuer for payment, and by newer back-ups.
struct RestoreReport {
    /// Cards that go back, by the card database that is there.
    private(set) var cards: SetBackCards?
    /// Of each database that is newer than the back-up, how many rows it has had since.
    private(set) var newerRows: [(path: String, rows: Int64)] = []
    /// What was noted outside the data folder, and is more than the back-up has.
    private(set) var fallen: [HighWater.Fallen] = []
    /// Back-ups of the same scheme that are newer.
    private(set) var newerBackUps: [BackUp] = []
    /// What the audit says of the folder as it would be.
    private(set) var audit: SchemeAudit.Report?
    /// What could not be looked at, and why.
    private(set) var notes: [String] = []
    /// Whether data that are there could not be compared: what they know is not known.
    private(set) var isUnknown = false
    private let isPartial: Bool

    /// Looks at a restore that is staged. What cannot be looked at is noted.
    init(
        _ restore: Restore,
        _ progress: ProgressLine,
        highWater: HighWater? = nil
    ) async throws {
        isPartial = restore.isPartial
        newerBackUps = restore.backUp.newerOnes()
        fallen =
            try highWater?.fallen(in: restore.comparison.after).filter {
                restore.parts.contains($0.party.rawValue)
            } ?? []
        if restore.losesFloat {
            isUnknown = true
            notes.append(
                "the issuer's float cannot stay as it is: the key that was there is lost, or is "
                    + "another one than the back-up's. What came back for payment since is "
                    + "forgotten; keep issuer-float.sqlite, and see docs/decisions/0028"
            )
        }
        compareDatabases(restore)
        await compareCards(restore)
        await lookAtAll(restore, progress)
    }

    /// Whether somebody would forget what others may remember, or may.
    var setsBack: Bool {
        isUnknown || !newerRows.isEmpty || !fallen.isEmpty || !newerBackUps.isEmpty
            || !(cards?.cards.isEmpty ?? true)
            || !(audit?.cardsBehind.isEmpty ?? true) || (isPartial && !(audit?.isClean ?? false))
    }

    private mutating func compareDatabases(_ restore: Restore) {
        for file in restore.backUp.manifest.files {
            guard restore.parts.contains(file.part), let marks = file.marks else { continue }
            let present = "\(restore.comparison.before.path)/\(file.path)"
            guard FileManager.default.fileExists(atPath: present) else { continue }
            let isFloat = present == restore.comparison.before.floatDatabase
            if isFloat, !restore.withFloat, !restore.losesFloat { continue }
            do throws(StoreFailure) {
                let rows = marks.rowsSince(until: try DatabaseCopy.marks(of: present))
                if rows > 0 { newerRows.append((file.path, rows)) }
            } catch {
                isUnknown = true
                notes.append("\(file.path), as it is now, cannot be read: \(error)")
            }
        }
    }

    private mutating func compareCards(_ restore: Restore) async {
        let (before, after) = restore.comparison
        guard restore.parts.contains(DataFolder.Party.opalServer.rawValue),
            before.exists(.opalServer), before.hasDatabase(.opalServer)
        else { return }
        do {
            let cards = try await SetBackCards(
                from: before,
                to: after,
                passphrase: restore.passphrase
            )
            self.cards = cards
            if cards.unreadableCount > 0 {
                isUnknown = true
                notes.append(
                    "\(cards.unreadableCount) cards do not open, now or in the back-up: nothing is "
                        + "known of them"
                )
            }
        } catch {
            isUnknown = true
            notes.append("the cards cannot be compared with those that are there now: \(error)")
        }
    }

    private mutating func lookAtAll(_ restore: Restore, _ progress: ProgressLine) async {
        do {
            audit = try await SchemeAudit(
                folder: restore.comparison.after,
                passphrase: restore.passphrase,
                progress: progress
            ).run()
        } catch {
            progress.end()
            notes.append("the audit of what would be there was not possible: \(error)")
        }
    }
}
