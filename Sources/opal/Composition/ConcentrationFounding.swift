// SPDX-License-Identifier: Apache-2.0

import ConcentrationPoint

/// Makes a concentration point beside the parties that are there. It shares no key with anybody.
struct ConcentrationFounding {
    let folder: DataFolder
    let passphrase: String?

    func run() async throws {
        try await PartyFounding(folder: folder, passphrase: passphrase).make(
            .concentrationPoint
        ) { workshop, _ in
            try await Founding.write(
                workshop.database(.concentrationPoint),
                ConcentrationPoint.schema,
                []
            )
        }
    }
}
