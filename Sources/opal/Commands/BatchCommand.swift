// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Batches
import Kernel
import PaymentServer
import Records
import RecordsSQLite
import Sites

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "What security cards have counted, on its way to the clearing house.",
        subcommands: [List.self, Close.self, Key.self]
    )

    /// Batches as people and programs see them.
    struct Line: Encodable {
        struct Total: Encodable {
            let currency: String
            let exponent: UInt8
            let count: UInt32
            let minorUnits: UInt64

            init(_ total: BatchHeader.Total) {
                currency = total.sum.currency.digits
                exponent = total.sum.exponent.decimals
                count = total.count
                minorUnits = total.sum.minorUnits
            }
        }

        let securityCard: String
        let batch: UInt32
        /// `open`: sales are counted into it. `waiting`: it has to go on. `acknowledged`: it is
        /// durable at the clearing house. `refused`: it was not taken, is kept and offered again.
        let state: String
        /// Why it was refused when it was offered last.
        let refusal: String?
        let sales: UInt32
        let totals: [Total]
        /// RFC 3339, in UTC.
        let closed: String?

        init(_ batch: BatchRecord) {
            securityCard = batch.name.securityCard.text
            self.batch = batch.name.number
            let reason = batch.isAcknowledged ? nil : batch.refusal
            state = batch.isAcknowledged ? "acknowledged" : reason == nil ? "waiting" : "refused"
            refusal = reason.map { "\($0)" }
            sales = batch.header.count
            totals = batch.header.totals.map(Total.init)
            closed = Wording().reader(.english).iso(batch.header.closedAt)
        }

        init(_ open: BatchBook.Open, _ totals: BatchTotals) {
            securityCard = open.name.securityCard.text
            batch = open.name.number
            state = "open"
            refusal = nil
            sales = totals.list.reduce(0) { $0 &+ $1.count }
            self.totals = totals.list.map(Total.init)
            closed = nil
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the payment server's batches, with what their sales come to.",
            discussion: "By security card and number; the one that is counted into comes last."
        )

        @Flag(name: .long, help: "Only those that the clearing house does not have yet.")
        var pending = false
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let book = BatchBook(store: access.store, seals: access.seals)
            var lines: [Line] = []
            try await book.forEachClosed { batch in
                let line = Line(batch)
                if !pending || line.state != "acknowledged" { lines.append(line) }
            }
            for open in try await book.open() {
                lines.append(Line(open, try await book.totals(of: open.name)))
            }
            await access.store.close()
            lines.sort { ($0.securityCard, $0.batch) < ($1.securityCard, $1.batch) }
            if output.json { return try Output.json(lines) }
            show(lines)
        }

        private func show(_ lines: [Line]) {
            Output.table(
                ["security card", "batch", "state", "sales", "minor units", "closed"],
                lines.map { line in
                    [
                        line.securityCard, "\(line.batch)",
                        line.refusal.map { "\(line.state): \($0)" } ?? line.state,
                        "\(line.sales)",
                        line.totals.map { "\($0.minorUnits) (\($0.currency)/\($0.exponent))" }
                            .joined(separator: ", "),
                        line.closed ?? "–",
                    ]
                }
            )
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Order the payment server to close all batches now.",
            discussion: """
                The running server closes them within some seconds, one that is stopped when it \
                starts; a security card that serves a sale, or is away, closes afterwards. Ends \
                with 1 where some are still open when the waiting is over: the order stays.
                """
        )

        private struct Report: Encodable {
            let closed: Int
            let open: Int
        }

        @Option(name: .long, help: "Seconds to wait for the payment server, 0 to 600.")
        var wait = 30
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            guard (0...600).contains(wait) else {
                throw ValidationError("The waiting is 0 to 600 seconds.")
            }
        }

        func run() async throws {
            let access = try PartyAccess(options, .paymentServer, PaymentModule.schema)
            let report = try await close(access)
            await access.store.close()
            if output.json {
                try Output.json(report)
            } else if report.open == 0 {
                print("\(report.closed) batches closed")
            } else {
                print(
                    "\(report.closed) batches closed; \(report.open) are open still. They close "
                        + "when the payment server runs and their security cards are free."
                )
            }
            if report.open > 0 { throw ExitCode(1) }
        }

        private func close(_ access: PartyAccess) async throws -> Report {
            let book = BatchBook(store: access.store, seals: access.seals)
            let cutOff = SystemClock.now()
            let isGiven = try await BatchOrder.give(
                cutOff,
                in: access.store,
                sealedBy: access.seals
            )
            guard isGiven else {
                throw CommandFailure("Somebody else ordered at the same moment. Try again.")
            }
            let ordered = Set(
                try await book.open().filter { $0.since <= cutOff }.map(\.name)
            )
            var open = ordered
            for _ in 0..<wait where !open.isEmpty {
                try await Task.sleep(for: .seconds(1))
                open.formIntersection(try await book.open().map(\.name))
            }
            return Report(closed: ordered.count - open.count, open: open.count)
        }
    }
}
