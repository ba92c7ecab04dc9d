// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Foundation
import HSM
import Kernel
import Keys
import Records
import RecordsSQLite
import SecurityModule
import Wire

/// INITIALIZE and DEBIT through pseudo reader, emulator, HSM and SQLite, durable, beside the bare
/// store that writes rows of the same sizes with the same grouping.
///
/// The security card's S2 is made before the clock starts: R is known beforehand here, so that only
/// the card side is timed.
struct CardCore {
    private static let cards = 1024
    private static let debitsPerCard = 24
    private static let random: UInt64 = 0x0123_4567_89AB_CDEF
    private static let schema = RecordSchema(
        party: "bench",
        version: 1,
        kinds: [Emulator.cardKind]
    )

    let folder: String

    func run(_ report: inout Report) async throws {
        for callers in [1, 8, 64] {
            let operations = callers == 1 ? 6_000 : Self.cards * Self.debitsPerCard
            let (bare, bareMemory) = try await bareStore(callers, operations)
            var bareRow = Row("bare store", callers: callers, bare)
            bareRow.memoryMiB["bench"] = bareMemory
            try report.add(bareRow)
            let (core, coreMemory) = try await cardCore(callers, operations)
            var coreRow = Row("card core", callers: callers, core)
            coreRow.memoryMiB["bench"] = coreMemory
            try report.add(coreRow)
            report.note(
                String(
                    format: "    card core / bare store at %d callers: %.2f",
                    callers,
                    coreRow.perSecond / bareRow.perSecond
                )
            )
        }
        if let bare = report.find("bare store", callers: 1),
            let core = report.find("card core", callers: 1)
        {
            report.note(
                String(
                    format: "    card core p99 of one caller / bare commit p50: %.2f",
                    core.p99us / bare.p50us
                )
            )
        }
    }

    private struct FixedRandom: RandomSource {
        func bytes(_ count: Int) -> [UInt8] {
            precondition(count == 8)
            return CardCore.random.bigEndianBytes
        }
    }

    private func store(_ name: String) throws -> SQLiteStore {
        let path = "\(folder)/\(name)-\(UInt32.random(in: 0...UInt32.max)).sqlite"
        return try SQLiteStore(path: path, schema: Self.schema)
    }

    // MARK: Card core

    private func cardCore(
        _ callers: Int,
        _ operations: Int
    ) async throws -> (Samples, memory: Double) {
        let bench = try await BenchCards(count: Self.cards)
        let store = try store("core")
        for sealed in bench.records {
            _ = try await store.commit(
                Transition(writes: [
                    .put(Emulator.key(sealed.card), expectedRevision: 0, body: sealed.body)
                ])
            )
        }
        let commands = bench.commands(operations, random: Self.random)
        let emulator = Emulator(module: bench.module, store: store, random: FixedRandom())
        let initialize = PurseCommand.initializePurchase(
            InitializePurchase(type: .purchase, amount: BenchCards.amount)
        ).apdu.bytes
        let samples = try await Samples.run(callers: callers, operations: operations) {
            _,
            index in
            let card = bench.records[index % Self.cards].card
            let reader = PseudoReader(card, emulator: emulator, now: { BenchCards.now })
            _ = try await reader.transmit(initialize)
            let response = try await reader.transmit(commands[index])
            guard response.suffix(2) == [0x90, 0x00], response.prefix(2) == [0, 0] else {
                throw BenchFailure("a debit was refused")
            }
        }
        let memory = residentMiB()
        await store.close()
        return (samples, memory)
    }

    // MARK: Bare store

    private func bareStore(
        _ callers: Int,
        _ operations: Int
    ) async throws -> (Samples, memory: Double) {
        let bench = try await BenchCards(count: Self.cards)
        let store = try store("bare")
        for sealed in bench.records {
            _ = try await store.commit(
                Transition(writes: [
                    .put(Emulator.key(sealed.card), expectedRevision: 0, body: sealed.body)
                ])
            )
        }
        let row = try await bench.historyBody()
        let hash = [UInt8](repeating: 7, count: RecordLimits.hashBytes)
        let samples = try await Samples.run(callers: callers, operations: operations) {
            _,
            index in
            let sealed = bench.records[index % Self.cards]
            let step = UInt64(index / Self.cards)
            let key = Emulator.key(sealed.card)
            let transition = Transition(
                writes: [.put(key, expectedRevision: step + 1, body: sealed.body)],
                history: [
                    HistoryRow(stream: key.bytes, number: step + 1, hash: hash, body: row)
                ]
            )
            guard try await store.commit(transition) == .committed else {
                throw BenchFailure("a commit was refused")
            }
        }
        let memory = residentMiB()
        await store.close()
        return (samples, memory)
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
