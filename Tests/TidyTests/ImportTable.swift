// SPDX-License-Identifier: Apache-2.0

/// Which modules the files of a folder may import. The arrows of the architecture, as a table.
enum ImportTable {
    enum Row {
        /// These and no others.
        case only(Set<String>)
        /// A dependency begins here, and Package.swift names it: all but keys.
        case edge
    }

    /// What a party sees of its neighbours: messages, storage, the ports of the vault.
    private static let ports: Set<String> = [
        "Kernel", "Wire", "Records", "SecurityModule", "Synchronization",
    ]
    /// What the part of the vault that holds keys may use.
    private static let vault: Set<String> = [
        "Kernel", "Wire", "SecurityModule", "Keys", "Crypto", "CryptoExtras", "Dispatch",
        "Synchronization",
        "Foundation", "FoundationEssentials",
    ]

    /// A folder of `Sources` and its row; the longest folder that fits counts.
    static let rows: [String: Row] = [
        "Kernel": .only([]),
        "Wire": .only(["Kernel"]),
        "Records": .only(["Kernel", "Synchronization"]),
        "Vault/SecurityModule": .only(["Kernel", "Wire"]),
        "Vault/Keys": .only(vault.subtracting(["Keys"])),
        "Vault/HSM": .only(vault),
        "Vault/SecurityCard": .only(vault),
        "Vault/LoadSecurityModule": .only(vault),
        "Vault/SessionKeys": .only(vault),
        "Batches": .only(ports),
        "CardSide/ClientCode": .only(ports),
        "CardSide/CardEmulator": .only(ports),
        "CardSide/OPALServer": .only(ports.union(["ClientCode", "CardEmulator"])),
        "AcceptorSide/PaymentServer": .only(ports.union(["Batches"])),
        "AcceptorSide/ConcentrationPoint": .only(ports.union(["Batches"])),
        "AcceptorSide/TerminalHost": .only(ports.union(["Batches"])),
        "AcceptorSide/Concentrator": .only(["Wire"]),
        "AcceptorSide/Merchant": .only(ports),
        "FundingSide/Bank": .only(ports),
        "FundingSide/LoadServer": .only(ports),
        "FundingSide/Gateway": .only(ports),
        "FundingSide/FundingNetwork": .only(ports),
        "LoyaltyServer": .only(ports),
        "ClearingHouse": .only(ports.union(["Batches"])),
        "Edges": .edge,
        "Simulation": .edge,
        "opal-simulate": .edge,
        "opal": .edge,
    ]

    /// - Returns: nil for a folder without a row.
    static func row(of path: String) -> Row? {
        var folders = path.split(separator: "/").dropFirst().dropLast()
        while !folders.isEmpty {
            if let row = rows[folders.joined(separator: "/")] { return row }
            folders.removeLast()
        }
        return nil
    }

    /// The modules that may hold a key, and the folders of `Sources` that may see them.
    static let keyHolders: Set<String> = [
        "HSM", "SecurityCard", "LoadSecurityModule", "SessionKeys", "Keys",
    ]
    static let keyHoldersAreSeenBy = ["Sources/Vault", "Sources/opal", "Sources/Simulation"]

    /// The modules of each party. None imports a module of another.
    static let parties: [String: Set<String>] = [
        "Sources/CardSide": ["OPALServer", "CardEmulator", "ClientCode"],
        "Sources/AcceptorSide/PaymentServer": ["PaymentServer"],
        "Sources/AcceptorSide/ConcentrationPoint": ["ConcentrationPoint"],
        "Sources/AcceptorSide/TerminalHost": ["TerminalHost"],
        "Sources/AcceptorSide/Concentrator": ["Concentrator"],
        "Sources/AcceptorSide/Merchant": ["Merchant"],
        "Sources/FundingSide/Bank": ["Bank"],
        "Sources/FundingSide/LoadServer": ["LoadServer"],
        "Sources/FundingSide/Gateway": ["Gateway"],
        "Sources/FundingSide/FundingNetwork": ["FundingNetwork"],
        "Sources/LoyaltyServer": ["LoyaltyServer"],
        "Sources/ClearingHouse": ["ClearingHouse"],
    ]
}
