// SPDX-License-Identifier: Apache-2.0

import BackUps
import Foundation
import Kernel
import OPALServer
import RecordsSQLite

/// Puts parts of a back-up into a data folder: copied beside and looked at first, then put in
/// their place, and what was there set aside. Nothing is removed but its own copies.
///
/// The moves are several. A note in the data folder, from before the first until after the last
/// one, keeps servers from starting between them; run again, the restore goes on from what it finds
/// there, and still compares with what was set aside.
struct Restore {
    let backUp: BackUp
    let folder: DataFolder
    /// What is restored: folders of parties, and files right in the data folder.
    let parts: Set<String>
    let passphrase: String?
    /// Where keys are taken from that the back-up was made without.
    let keys: DataFolder
    /// Whether the issuer's float is set back as well.
    let withFloat: Bool
    private let locks: [FolderLock]
    /// Where a restore that was broken off has set things aside.
    private let brokenOff: DataFolder?

    static let asidePrefix = "set-aside-"
    private static let stagingName = ".restoring"

    /// Takes the locks of the parties that are replaced: none of them may run.
    ///
    /// - Parameters:
    ///   - backUp: Whole and verified.
    ///   - folder: The data folder.
    ///   - names: Its parts to restore; all where there are none.
    ///   - passphrase: Of the key files.
    ///   - keys: Where keys are that it was made without; the data folder where it is nil.
    ///   - withFloat: Whether the issuer's float is set back as well.
    /// - Throws: `CommandFailure` where a part is not in it, or a server runs.
    init(
        _ backUp: BackUp,
        into folder: DataFolder,
        only names: [String],
        passphrase: String?,
        keys: DataFolder?,
        withFloat: Bool
    ) throws {
        let known = backUp.manifest.parts
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw CommandFailure(
                "The back-up has no \(unknown). It has: \(known.joined(separator: ", "))."
            )
        }
        let parts = Set(names.isEmpty ? known : names)
        let note = try RestoreNote(folder).read()
        if let note { try Self.check(note, isContinuedBy: backUp, parts, in: folder) }
        self.backUp = backUp
        self.folder = folder
        self.passphrase = passphrase
        self.keys = keys ?? folder
        self.withFloat = withFloat
        self.parts = parts
        locks = try DataFolder.Party.allCases
            .filter { parts.contains($0.rawValue) }
            .filter { FileManager.default.fileExists(atPath: folder.folder($0)) }
            .map { try FolderLock("\(folder.folder($0))/lock") }
        brokenOff = (note?.aside).map(DataFolder.init)
    }

    /// What was broken off is finished first: another restore would leave some of its parts where
    /// they are, half of one day and half of another.
    private static func check(
        _ note: RestoreNote.Content,
        isContinuedBy backUp: BackUp,
        _ parts: Set<String>,
        in folder: DataFolder
    ) throws {
        guard note.time == backUp.manifest.time, parts.isSuperset(of: note.parts) else {
            let options = note.parts.map { "--party \($0)" }.joined(separator: " ")
            throw CommandFailure(
                "A restore was broken off. Finish it first, with the options that it had: "
                    + "opal restore \(note.backUp) --data \(folder.path) \(options) --replace"
            )
        }
    }

    /// Whether other parties stay as they are.
    var isPartial: Bool {
        DataFolder.Party.allCases.contains { folder.exists($0) && !parts.contains($0.rawValue) }
    }

    var staging: DataFolder { DataFolder("\(folder.path)/\(Self.stagingName)/restored") }
    private var before: DataFolder { DataFolder("\(folder.path)/\(Self.stagingName)/before") }

    /// What is there and would be replaced.
    func replaced() throws -> [String] {
        try FolderView.parts(of: folder).filter(parts.contains)
    }

    // MARK: Beside

    /// Copies the parts beside their place, checks each copy, and adds what the back-up does not
    /// have: keys that were left out, and the issuer's float as it is now.
    func stage() throws {
        try folder.make()
        removeStaging()
        try backUp.copy(parts, to: staging.path)
        try fetchKeys()
        if !withFloat { try keepFloat() }
        try FolderView.fill(staging, from: folder)
        // What a restore that was broken off has set aside is what was there.
        if let brokenOff { try FolderView.fill(before, from: brokenOff) }
        try FolderView.fill(before, from: folder)
        try addNewest()
    }

    func removeStaging() {
        try? FileManager.default.removeItem(atPath: "\(folder.path)/\(Self.stagingName)")
    }

    /// What was there, and what would be: for comparing.
    var comparison: (before: DataFolder, after: DataFolder) { (before, staging) }

    /// Where the cards that are replaced are lost, a newer back-up knows them.
    private func addNewest() throws {
        let cards = DataFolder.Party.opalServer
        guard parts.contains(cards.rawValue), !before.hasDatabase(cards),
            let newest = backUp.newerOnes().last,
            newest.manifest.parts.contains(cards.rawValue)
        else { return }
        try? FileManager.default.removeItem(atPath: before.folder(cards))
        try newest.copy([cards.rawValue], to: before.path)
    }

    private func fetchKeys() throws {
        for path in backUp.secretsLeftOut where parts.contains(path.part) {
            let source = "\(keys.path)/\(path)"
            guard FileManager.default.fileExists(atPath: source) else {
                guard path.hasSuffix("module.key") else { continue }
                throw CommandFailure(
                    "The back-up was made without keys, and \(source) is not there. Say with "
                        + "--keys in which folder they are, under the same names."
                )
            }
            if let wanted = backUp.manifest.keys[path], KeyNames.checkValue(source) != wanted {
                throw CommandFailure(
                    "\(source) is another key than the back-up needs; its check value is "
                        + "\(wanted). See `opal hsm show`."
                )
            }
            try FileCopy.copy(source, to: "\(staging.path)/\(path)", as: path)
        }
    }

    /// Where the issuer's float is that would be replaced, and whether the key that is restored
    /// opens it.
    private var presentFloat: (place: DataFolder, opens: Bool)? {
        let places = brokenOff.map { [$0, folder] } ?? [folder]
        guard parts.contains(DataFolder.Party.opalServer.rawValue),
            let present = places.first(where: { $0.hasFloat })
        else { return nil }
        let key = KeyNames.checkValue(present.keyFile(.opalServer))
        return (present, key == KeyNames.checkValue(staging.keyFile(.opalServer)))
    }

    /// Whether the issuer's float goes back with the cards though nobody asked for it: its key is
    /// lost, or another one. Known once the parts are staged.
    var losesFloat: Bool { !withFloat && presentFloat?.opens == false }

    /// The issuer's float says which sales came back: it is never set back with the cards
    /// (`docs/decisions/0028`).
    private func keepFloat() throws {
        guard let present = presentFloat, present.opens else { return }
        let target = staging.floatDatabase
        let kept = target + ".kept"
        try DatabaseCopy.copy(present.place.floatDatabase, to: kept)
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.moveItem(atPath: kept, toPath: target)
    }

    /// Blocks cards in the copy that was staged, each with a row of its history.
    ///
    /// - Returns: How many of them there are.
    func block(_ cards: [CardIdentifier]) async throws -> Int {
        guard !cards.isEmpty, parts.contains(DataFolder.Party.opalServer.rawValue) else { return 0 }
        let access = try await OperatorAccess(staging, passphrase: passphrase)
        var count = 0
        for card in cards where try await access.desk.setBlocked(true, card, by: "restore") {
            count += 1
        }
        await access.store.close()
        return count
    }

    // MARK: In place

    /// Sets aside what is there, and puts what was staged in its place.
    ///
    /// - Parameter time: As in the manifest; names where things are set aside.
    /// - Returns: Where that is; nil where there was nothing.
    /// - Throws: Where a file cannot be moved; run again, the restore goes on from there.
    func place(at time: String) throws -> String? {
        let aside =
            brokenOff
            ?? DataFolder(
                "\(folder.path)/\(Self.asidePrefix)\(time.filter { $0.isLetter || $0.isNumber })"
            )
        let note = RestoreNote(folder)
        try note.write(
            RestoreNote.Content(
                aside: aside.path,
                backUp: backUp.path,
                time: backUp.manifest.time,
                parts: parts.sorted()
            )
        )
        try FileCopy.flush(folder: folder.path)
        for part in parts.sorted() { try replace(part, aside) }
        try FileCopy.flush(folder: folder.path)
        try note.remove()
        removeStaging()
        return FileManager.default.fileExists(atPath: aside.path) ? aside.path : nil
    }

    private func replace(_ part: String, _ aside: DataFolder) throws {
        let (old, new) = ("\(folder.path)/\(part)", "\(staging.path)/\(part)")
        if FileManager.default.fileExists(atPath: old) {
            try aside.make()
            defer { try? FileCopy.flush(folder: aside.path) }
            try FileManager.default.moveItem(
                atPath: old,
                toPath: freePath("\(aside.path)/\(part)")
            )
        }
        try FileManager.default.moveItem(atPath: new, toPath: old)
    }

    /// A restore that goes on may have set a part aside before.
    private func freePath(_ path: String) -> String {
        let names = [path] + (2...99).map { "\(path)-\($0)" }
        return names.first { !FileManager.default.fileExists(atPath: $0) } ?? path
    }
}

extension DataFolder {
    fileprivate var hasFloat: Bool { FileManager.default.fileExists(atPath: floatDatabase) }
}

extension String {
    /// The first name of a path.
    fileprivate var part: String { String(prefix { $0 != "/" }) }
}
