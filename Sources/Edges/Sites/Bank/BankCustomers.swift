// SPDX-License-Identifier: Apache-2.0

package import Bank
package import Kernel
package import Records
package import SecurityModule
import Wire

/// The customers of the bank: who may sign in at its site, and which accounts are theirs.
package struct BankCustomers: Sendable {
    package static let customerKind = RecordKind("customer", keyBytes: 1...32)
    /// The numbers of a customer's accounts, by the customer's name. Format 1: count 1, numbers
    /// (text each).
    package static let accountsKind = RecordKind("customer_accounts", keyBytes: 1...32)
    /// What the store must be opened with.
    package static let kinds = [customerKind, accountsKind]

    private static let format: UInt8 = 1

    package let signIn: SignInDesk
    private let store: any RecordStore
    private let seals: any RecordSealing

    /// `uptime`: a clock that only goes forward, for sessions; nil where nobody sets the other one.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        passwords: any PasswordModule,
        random: any RandomSource,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        self.store = store
        self.seals = seals
        signIn = SignInDesk(
            Self.customerKind,
            store: store,
            seals: seals,
            passwords: passwords,
            random: random,
            uptime: uptime
        )
    }

    /// The accounts of a customer, in the order in which they were given.
    package func accounts(
        of name: SignInName
    ) async throws(SignInFailure) -> [AccountNumber] {
        guard let record = try await record(name) else { return [] }
        return try await numbers(in: record)
    }

    /// Gives a customer one more account; the same again changes nothing.
    ///
    /// - Throws: `.tooMany`.
    package func give(
        _ number: AccountNumber,
        to name: SignInName
    ) async throws(SignInFailure) {
        for _ in 0..<SignInLimits.triesMax {
            let record = try await record(name)
            var numbers: [AccountNumber] = []
            if let record { numbers = try await self.numbers(in: record) }
            if numbers.contains(number) { return }
            guard numbers.count < BankSiteLimits.accountsMax else { throw .tooMany }
            if try await write(numbers + [number], of: name, over: record?.revision ?? 0) { return }
        }
        throw .busy
    }

    private func record(_ name: SignInName) async throws(SignInFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(RecordKey(Self.accountsKind, name.bytes))
        } catch {
            throw .store(error)
        }
    }

    private func numbers(in record: Record) async throws(SignInFailure) -> [AccountNumber] {
        do {
            var reader = ByteReader(
                try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                ),
                of: "customer's accounts"
            )
            guard try reader.byte("format") == Self.format else {
                throw reader.failure("format", .invalid)
            }
            var numbers: [AccountNumber] = []
            for _ in 0..<(try reader.byte("count")) {
                let text = try reader.text("number", bytesMax: AccountNumber.bytesMax)
                guard let number = AccountNumber(text) else {
                    throw reader.failure("number", .invalid)
                }
                numbers.append(number)
            }
            try reader.end()
            return numbers
        } catch {
            throw SignInFailure(error)
        }
    }

    private func write(
        _ numbers: [AccountNumber],
        of name: SignInName,
        over revision: UInt64
    ) async throws(SignInFailure) -> Bool {
        var writer = ByteWriter(capacity: 64)
        writer.byte(Self.format)
        writer.byte(UInt8(numbers.count))
        for number in numbers { writer.text(number.text) }
        let key = RecordKey(Self.accountsKind, name.bytes)
        do {
            let body = try await seals.seal(
                writer.bytes,
                name: key.sealName(),
                revision: revision + 1
            )
            let write = RecordWrite.put(key, expectedRevision: revision, body: body)
            return try await store.commit(Transition(writes: [write])) == .committed
        } catch {
            throw SignInFailure(error)
        }
    }

    // MARK: Audit

    /// Opens every record of the customers.
    package static func audit(
        _ store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        for kind in kinds {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                let body = try? await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
                if body != nil { return }
                let place = "bank, \(kind.name) \(Hex.text(record.key.bytes))"
                findings.append(AuditFinding(place, "does not open"))
            }
        }
        return findings
    }
}
