// SPDX-License-Identifier: Apache-2.0

/// What so many clients do in turns: load through the bank, load from their accounts, and buy.
struct LoadRounds: Sendable {
    let loaders: Loaders
    let clients: Int
    /// Of the first operation, for the address from which it seems to come; nobody else has it or
    /// the ``indices(_:)`` from it on.
    private let first: Int
    /// Where an operation through the bank begins, by its number among those of all rounds.
    private let amounts: [String]
    private let confirmations: [[(String, String)]]

    /// As in ``WebBench``: all kinds meet the same moods of the machine.
    static let count = 6

    /// Loads of each kind, and purchases, in one round.
    private static func operations(_ clients: Int) -> Int { 40 + 10 * clients }

    /// The same in all rounds.
    static func operationsInAll(_ clients: Int) -> Int { count * operations(clients) }

    /// How many indices it takes.
    static func indices(_ clients: Int) -> Int { 3 * operationsInAll(clients) }

    /// Prepares all rounds.
    init(_ loaders: Loaders, clients: Int, first: Int) async throws {
        self.loaders = loaders
        self.clients = clients
        self.first = first
        let count = Self.operationsInAll(clients)
        let size = Self.operations(clients)
        let people = loaders.shoppers.people.count
        @Sendable func person(_ operation: Int) -> Int {
            Self.person(operation, caller: operation % size % clients, clients, people)
        }
        amounts = try await loaders.prepared(count) {
            try await loaders.inquire(person($0), first + $0)
        }
        confirmations = try await loaders.prepared(count) {
            try await loaders.confirmation(person($0))
        }
    }

    /// Callers do not share a person, and the people of a caller take turns.
    private static func person(
        _ operation: Int,
        caller: Int,
        _ clients: Int,
        _ people: Int
    ) -> Int {
        caller + clients * (operation / clients % (people / clients))
    }

    func loadFromBank(_ round: Int) async throws -> Samples {
        try await run(round) { person, operation in
            try await loaders.loadFromBank(
                person,
                amounts[operation],
                first + Self.operationsInAll(clients) + operation
            )
        }
    }

    func loadFromAccount(_ round: Int) async throws -> Samples {
        try await run(round) { person, operation in
            try await loaders.loadFromAccount(person, confirmations[operation])
        }
    }

    func buy(_ round: Int) async throws -> Samples {
        try await run(round) { person, operation in
            try await loaders.shoppers.buy(
                person,
                first + 2 * Self.operationsInAll(clients) + operation
            )
        }
    }

    /// `action`: person, then the operation's number among those of all rounds.
    private func run(
        _ round: Int,
        _ action: @escaping @Sendable (Int, Int) async throws -> Void
    ) async throws -> Samples {
        let size = Self.operations(clients)
        let people = loaders.shoppers.people.count
        return try await Samples.run(callers: clients, operations: size) { caller, index in
            let operation = round * size + index
            try await action(
                Self.person(operation, caller: caller, clients, people),
                operation
            )
        }
    }
}
