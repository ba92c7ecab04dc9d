// SPDX-License-Identifier: Apache-2.0

import Foundation
import Keys
import Records
import Sites

/// The operator's console, composed: its own small database with the operators.
struct ConsoleParty {
    let store: PartyStore
    let operators: OperatorDesk
    let seals: RecordSealer
    /// The earn files that operators upload, in the console's folder while they are applied.
    let earnFiles: EarnFileWorks
    private let lock: FolderLock

    static let schema = RecordSchema(
        party: "console",
        // 2: acts on loyalty programmes. 3: figures. 4: acts on keys.
        version: 4,
        kinds: OperatorDesk.kinds
    )
    private static let firstOperator = "operator"

    /// Opens the console; the first time it makes a key and the operator `operator`, whose password
    /// is kept in the data folder.
    init(_ folder: DataFolder, passphrase: String?) async throws {
        try folder.make(.console)
        lock = try folder.lock(.console)
        let isNew = !folder.exists(.console)
        let master =
            isNew
            ? try KeyFile.create(at: folder.keyFile(.console), passphrase: passphrase)
            : try KeyFile.read(at: folder.keyFile(.console), passphrase: passphrase)
        store = try PartyStore(folder, .console, Self.schema)
        seals = RecordSealer(master, party: Self.schema.party)
        earnFiles = EarnFileWorks(
            folder: URL(fileURLWithPath: folder.folder(.console), isDirectory: true)
        )
        operators = OperatorDesk(
            store: store,
            seals: seals,
            passwords: PasswordKeeper(master),
            random: SystemRandom(),
            uptime: SystemClock.uptime
        )
        guard let name = OperatorName(Self.firstOperator) else {
            preconditionFailure("The name of the first operator is one.")
        }
        let password = ReadablePassword.make()
        if try await operators.makeFirst(name, password: password) {
            try folder.write(secret: password, to: folder.consolePassword)
        }
    }

    /// Stops the earn files between two chunks, before the loyalty server's store is closed.
    func close() async {
        await earnFiles.end()
        await store.close()
    }
}
