// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

/// The roles of operators, by their names.
struct OperatorRoles: Sendable {
    static let kind = RecordKind("operator_role", keyBytes: 1...32)

    let store: any RecordStore
    let seals: any RecordSealing

    /// - Returns: nil where none was given.
    func role(of name: OperatorName) async throws(OperatorFailure) -> OperatorRole? {
        do {
            guard let record = try await store.read(Self.key(name)) else { return nil }
            return try OperatorRole(
                try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
            )
        } catch {
            throw OperatorFailure(error)
        }
    }

    func give(_ role: OperatorRole, to name: OperatorName) async throws(OperatorFailure) {
        let key = Self.key(name)
        do {
            let revision = try await store.read(key)?.revision ?? 0
            let body = try await seals.seal(
                role.bytes,
                name: key.sealName(),
                revision: revision + 1
            )
            let write = RecordWrite.put(key, expectedRevision: revision, body: body)
            let outcome = try await store.commit(Transition(writes: [write]))
            guard outcome == .committed else { throw OperatorFailure.busy }
        } catch {
            throw OperatorFailure(error)
        }
    }

    static func key(_ name: OperatorName) -> RecordKey { RecordKey(kind, name.bytes) }
}

// Operators with their roles.
extension OperatorDesk {
    /// What an operator may see. Where there is one operator alone, and no role was ever given, it
    /// is everything: so it was before there were roles.
    ///
    /// - Returns: nil for an operator without a role, who sees nothing.
    package func role(
        of name: OperatorName
    ) async throws(OperatorFailure) -> OperatorRole? {
        if let role = try await roles.role(of: name) { return role }
        return try await isAlone() ? .everything : nil
    }

    /// Makes an operator.
    ///
    /// - Returns: false where there is one of this name; then nothing was changed.
    package func add(
        _ name: OperatorName,
        password: String,
        as role: OperatorRole
    ) async throws(OperatorFailure) -> Bool {
        try await keepFirst()
        guard try await !isKnown(name) else { return false }
        // The role first: an operator without one would see nothing, and with none alone all.
        try await roles.give(role, to: name)
        return try await make(name, password: password)
    }

    /// All operators with their roles, by name.
    package func operators() async throws(OperatorFailure) -> [(
        name: OperatorName, role: OperatorRole?
    )] {
        var operators: [(OperatorName, OperatorRole?)] = []
        for name in try await names() { operators.append((name, try await role(of: name))) }
        return operators
    }

    /// Removes an operator; what he did stays written down. His sessions see nothing any more.
    ///
    /// - Returns: false where there is none, or he is the last one with everything.
    package func remove(_ name: OperatorName) async throws(OperatorFailure) -> Bool {
        let all = try await operators()
        guard let one = all.first(where: { $0.name == name }) else { return false }
        let others = all.filter { $0.name != name && $0.role == .everything }
        if one.role == .everything && others.isEmpty { return false }
        return try await delete(name)
    }

    /// An operator from before there were roles keeps what he had.
    private func keepFirst() async throws(OperatorFailure) {
        for name in try await names() where try await roles.role(of: name) == nil {
            if try await isAlone() { try await roles.give(.everything, to: name) }
        }
    }
}
