// SPDX-License-Identifier: Apache-2.0

import Foundation
import Keys

/// Makes one party beside those that are there.
struct PartyFounding {
    let folder: DataFolder
    let passphrase: String?

    /// Makes a party beside its place and moves it there when it is whole, so that a crash leaves
    /// none or all of it. One that is there is left alone.
    ///
    /// `fill`: writes the database of the party; it gets the folder where the party is made, and
    ///     its new local master key. A key without a database is a finding of the audit.
    func make(
        _ party: DataFolder.Party,
        _ fill: (_ workshop: DataFolder, _ master: LocalMasterKey) async throws -> Void
    ) async throws {
        if folder.exists(party) { return }
        let workshop = DataFolder(folder.path + "/.founding")
        try? FileManager.default.removeItem(atPath: workshop.path)
        try workshop.make()
        try workshop.make(party)
        let master = try KeyFile.create(at: workshop.keyFile(party), passphrase: passphrase)
        try await fill(workshop, master)
        try FileManager.default.moveItem(
            atPath: workshop.folder(party),
            toPath: folder.folder(party)
        )
        try? FileManager.default.removeItem(atPath: workshop.path)
    }
}
