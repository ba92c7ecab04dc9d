// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import Keys
import SecurityModule
import Testing
import Wire

/// A card against its whole history.
@Suite struct AuditTests {
    /// A new card that was loaded, paid five times, got one payment back and was loaded again:
    /// eight rows.
    private func used() async throws -> CardWorld {
        let world = try await CardWorld(CardWorld.euros(0))
        let reader = world.reader()
        try await world.load(3_000, in: reader)
        var recovery: RecoverValue?
        for amount in [100, 200, 300, 400, 500] as [UInt64] {
            let (initialized, command, _) = try await world.pay(amount, in: reader)
            if amount == 300 { recovery = world.recovery(initialized, command) }
        }
        #expect(try await reader.send(.recover(try #require(recovery))).status == .done)
        try await world.load(50, in: reader)
        return world
    }

    private func audit(_ world: CardWorld, _ rows: [ChainedRow], page: Int = 3) async throws
        -> CardAudit
    {
        var check = CardAudit()
        for begin in stride(from: 0, to: rows.count, by: page) {
            let page = Array(rows[begin..<min(begin + page, rows.count)])
            check = await world.module.audit(page, of: world.card, check)
        }
        return await world.module.conclude(check, on: try await world.sealed())
    }

    @Test(arguments: [1, 3, 100]) func `a clean history passes, page by page`(page: Int)
        async throws
    {
        let world = try await used()
        let check = try await audit(world, world.rows(), page: page)
        #expect(check.findings.isEmpty)
        #expect(check.rows == 8)
        #expect(check.loadedTotal == 3_050)
        #expect(check.debitedTotal == 1_500)
        #expect(check.recoveredTotal == 300)
        #expect(check.debits.count == 5)
        #expect(try await world.balance() == 3_050 - 1_500 + 300)
    }

    @Test func `a card without history passes`() async throws {
        let world = try await CardWorld(CardWorld.euros(0))
        #expect(try await audit(world, []).findings.isEmpty)
    }

    @Test func `any changed byte of any row is found in that row`() async throws {
        let world = try await used()
        let rows = try await world.rows()
        for (index, row) in rows.enumerated() {
            for position in 0..<row.body.count {
                var body = row.body
                body[position] ^= 1
                var damaged = rows
                damaged[index] = ChainedRow(number: row.number, hash: row.hash, body: body)
                let check = try await audit(world, damaged)
                #expect(check.findings.contains(.chainBroken(number: row.number)))
            }
        }
    }

    /// Who can write to the database can make the hashes anew, too; the last one is in the seal.
    @Test func `a changed row with hashes made anew disagrees with the record`() async throws {
        let world = try await used()
        let forged = try await world.rows().map { row in
            guard row.number == 3, case .debit(let evidence) = try CardHistoryEntry(row.body).event
            else { return row.body }
            let cheaper = DebitEvidence(
                type: evidence.type,
                random: evidence.random,
                expiry: evidence.expiry,
                purchaseKeyVersion: evidence.purchaseKeyVersion,
                command: evidence.command.with(amount: CardWorld.amount(1)),
                answer: evidence.answer
            )
            return CardHistoryEntry(moment: CardWorld.noon, event: .debit(cheaper), note: "").bytes
        }
        let check = try await audit(world, world.chained(forged))
        #expect(
            check.findings == [
                .signatureWrong(number: 3), .balanceWrong(number: 3), .recordDisagrees,
            ]
        )
    }

    @Test func `a changed hash is found in its row and the next`() async throws {
        let world = try await used()
        var rows = try await world.rows()
        rows[4] = ChainedRow(
            number: 5,
            hash: Array(repeating: 0, count: 32),
            body: rows[4].body
        )
        let check = try await audit(world, rows)
        #expect(check.findings == [.chainBroken(number: 5), .chainBroken(number: 6)])
    }

    @Test func `a missing row is named`() async throws {
        let world = try await used()
        let all = try await world.rows()
        for index in all.indices {
            var rows = all
            rows.remove(at: index)
            let check = try await audit(world, rows)
            #expect(check.findings.contains(.rowMissing(number: UInt64(index + 1))))
        }
    }

    @Test func `two swapped rows are named`() async throws {
        let world = try await used()
        var rows = try await world.rows()
        rows.swapAt(2, 3)
        let check = try await audit(world, rows)
        #expect(check.findings.contains(.rowMissing(number: 3)))
        #expect(check.findings.contains(.chainBroken(number: 4)))
        #expect(check.findings.contains(.chainBroken(number: 3)))
    }

    @Test func `two rows whose content is swapped are named`() async throws {
        let world = try await used()
        let rows = try await world.rows()
        var bodies = rows.map(\.body)
        bodies.swapAt(2, 3)
        let check = try await audit(world, world.chained(bodies))
        #expect(check.findings.contains(.balanceWrong(number: 3)))
        #expect(check.findings.contains(.balanceWrong(number: 4)))
        #expect(check.findings.contains(.recordDisagrees))
    }

    @Test func `a row that is none is named`() async throws {
        let world = try await used()
        var rows = try await world.rows()
        rows[1] = ChainedRow(number: 2, hash: rows[1].hash, body: [0xFF])
        #expect(try await audit(world, rows).findings.contains(.rowUnreadable(number: 2)))
    }

    @Test func `a changed balance in the record disagrees`() async throws {
        let world = try await used()
        let sealed = try await world.sealed()
        let truth = try await world.describe()
        func record(_ balance: UInt64, _ lastNumber: UInt32, _ count: UInt64) async throws
            -> CardAudit
        {
            let card = Card(
                identifier: world.card,
                expiry: truth.expiry,
                purchaseKeyVersion: 1,
                loadKeyVersion: 1,
                lastNumber: lastNumber,
                purses: [
                    Purse(currency: .euro, exponent: .cents, balance: balance, balanceMax: 5_000)
                ],
                historyCount: count,
                historyHash: try #require(try await world.rows().last).hash
            )
            let other = try world.module.seal(CardRecord(card), revision: sealed.revision)
            let check = await world.module.audit(try world.rows(), of: world.card, CardAudit())
            return await world.module.conclude(check, on: other)
        }
        let balance = try await world.balance()
        #expect(try await record(balance, truth.lastNumber, 8).findings.isEmpty)
        #expect(try await record(balance + 1, truth.lastNumber, 8).findings == [.recordDisagrees])
        #expect(try await record(balance, truth.lastNumber + 1, 8).findings == [.recordDisagrees])
        #expect(
            try await record(balance, truth.lastNumber, 9).findings
                == [.rowMissing(number: 9), .recordDisagrees]
        )
    }

    @Test func `a record that does not open is named`() async throws {
        let world = try await used()
        let sealed = try await world.sealed()
        let check = await world.module.audit(try world.rows(), of: world.card, CardAudit())
        let broken = SealedCard(card: world.card, revision: sealed.revision + 1, body: sealed.body)
        #expect(await world.module.conclude(check, on: broken).findings == [.recordDoesNotOpen])
    }

    @Test func `a recovery without its debit, of another amount or twice is named`() async throws {
        let world = try await used()
        let rows = try await world.rows()
        let entry = try CardHistoryEntry(rows[6].body)
        guard case .recovery(let currency, let exponent, let command, let answer) = entry.event
        else { return }
        func check(_ command: RecoverValue, balance: UInt64) async throws -> CardAudit {
            let forged = CardHistoryEntry(
                moment: entry.moment,
                event: .recovery(
                    currency,
                    exponent,
                    command,
                    RecoverAnswer(completion: .done, number: command.number, balance: balance)
                ),
                note: ""
            )
            return try await audit(
                world,
                world.chained(rows.prefix(6).map(\.body) + [forged.bytes, rows[7].body])
            )
        }
        func recovery(_ number: UInt32, _ minorUnits: UInt64) -> RecoverValue {
            RecoverValue(
                number: number,
                securityCard: command.securityCard,
                securityCardNumber: command.securityCardNumber,
                transaction: command.transaction,
                minorUnits: minorUnits,
                voidProof: command.voidProof
            )
        }
        for (other, balance) in [
            (recovery(1, 300), answer.balance), (recovery(99, 300), answer.balance),
            (recovery(command.number, 301), answer.balance + 1),
            (command.with(voidProof: .none), answer.balance),
        ] {
            #expect(
                try await check(other, balance: balance).findings.contains(
                    .signatureWrong(number: 7)
                )
            )
        }
        let twice = try await audit(
            world,
            world.chained(rows.prefix(7).map(\.body) + [rows[6].body, rows[7].body])
        )
        #expect(twice.findings.contains(.balanceWrong(number: 8)))
    }

    @Test func `rows with the largest numbers are findings, not a trap`() async throws {
        let world = try await used()
        let rows = try await world.rows()
        guard case .debit(let evidence) = try CardHistoryEntry(rows[1].body).event else { return }
        let last = CardHistoryEntry(
            moment: CardWorld.noon,
            event: .debit(
                DebitEvidence(
                    type: evidence.type,
                    random: 0,
                    expiry: evidence.expiry,
                    purchaseKeyVersion: 1,
                    command: evidence.command,
                    answer: DebitAnswer(
                        completion: .done,
                        number: .max,
                        balance: .max,
                        signature: .none,
                        issuerProof: .none
                    )
                )
            ),
            note: ""
        ).bytes
        let hash = [UInt8](repeating: 0, count: 32)
        let damaged = [
            ChainedRow(number: .max, hash: hash, body: last),
            ChainedRow(number: 1, hash: hash, body: last),
        ]
        #expect(try await !audit(world, damaged).findings.isEmpty)
    }
}

extension CardWorld {
    /// Rows of these bodies with hashes that follow from each other.
    func chained(_ bodies: [[UInt8]]) -> [ChainedRow] {
        var hash = [UInt8](repeating: 0, count: Card.historyHashBytes)
        return bodies.enumerated().map { index, body in
            let row = RecordSealer.chain(
                body,
                stream: card.bytes,
                number: UInt64(index + 1),
                previous: hash
            )
            hash = row.hash
            return row
        }
    }
}
