// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Kernel
import Merchant
import Records
import RecordsSQLite
import Sites

extension MerchantCommand {
    /// One refund, for people and programs.
    private struct RefundLine: Encodable {
        let order: String
        let number: UInt8
        /// Minor units.
        let amount: UInt64
        let currency: String
        let exponent: UInt8
        let outcome: String

        init(_ entry: SaleRefunds.Entry, of refunds: SaleRefunds, _ order: TransactionIdentifier) {
            self.order = order.text
            number = entry.number
            amount = entry.minorUnits
            currency = refunds.paid.currency.digits
            exponent = refunds.paid.exponent.decimals
            outcome = entry.outcome.words
        }

        static func print(_ lines: [RefundLine], _ output: JSONOption) throws {
            if output.json { return try Output.json(lines) }
            Output.table(
                ["order", "refund", "amount", "currency", "decimals", "outcome"],
                lines.map {
                    [
                        $0.order, "\($0.number)", "\($0.amount)", $0.currency, "\($0.exponent)",
                        $0.outcome,
                    ]
                }
            )
        }
    }

    struct Refund: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give back what was paid for an order, or part of it.",
            discussion: """
                The shop's server sends it to the payment server; it is taken from the next \
                settlement and comes onto the card. While one refund of an order waits, no other \
                one is begun, so that the command can be run again. Fees are not given back.
                """
        )

        @Argument(help: "The transaction of the order.")
        var order: String
        @Option(name: .long, help: "How much, in minor units; all that is left where not given.")
        var amount: UInt64?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            try await MerchantCommand.withOrders(of: order, options) { transaction, refunds in
                do throws(OrderFailure) {
                    let entry = try await refunds.begin(
                        transaction,
                        minorUnits: amount,
                        now: SystemClock.now()
                    )
                    return try await refunds.refunds(of: transaction).map {
                        [RefundLine(entry, of: $0, transaction)]
                    }
                } catch .unknownOrder { return nil } catch { throw CommandFailure(error.words) }
            } then: {
                try RefundLine.print($0, output)
            }
        }
    }

    struct Refunds: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what was given back of an order."
        )

        @Argument(help: "The transaction of the order.")
        var order: String
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            try await MerchantCommand.withOrders(of: order, options) { transaction, refunds in
                do throws(OrderFailure) {
                    return try await refunds.refunds(of: transaction).map { known in
                        known.entries.map { RefundLine($0, of: known, transaction) }
                    }
                } catch { throw CommandFailure(error.words) }
            } then: {
                try RefundLine.print($0, output)
            }
        }
    }

    /// Looks at the merchants of a data folder, one after the other, until one knows the order.
    private static func withOrders(
        of order: String,
        _ options: DataOptions,
        _ find: (TransactionIdentifier, MerchantRefunds) async throws -> [RefundLine]?,
        then show: ([RefundLine]) throws -> Void
    ) async throws {
        guard let transaction = TransactionIdentifier(order) else {
            throw ValidationError("A transaction has 32 hexadecimal digits.")
        }
        for party in [DataFolder.Party.shop, .airline] where options.folder.exists(party) {
            let access = try PartyAccess(options, party, MerchantRecords.schema)
            let refunds = MerchantRefunds(store: access.store, sealing: access.seals)
            let found: Result<[RefundLine]?, any Error>
            do {
                found = .success(try await find(transaction, refunds))
            } catch { found = .failure(error) }
            await access.store.close()
            if let lines = try found.get() { return try show(lines) }
        }
        throw CommandFailure("No merchant of this folder has such an order, or a refund of it.")
    }
}

extension RefundOutcome {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .pending: "waits"
        case .refunded: "on the card"
        case .refused(let reason): "refused: \(reason.words)"
        }
    }
}

extension OrderFailure {
    /// What the operator reads.
    fileprivate var words: String {
        switch self {
        case .notPaid: "The shop has not heard that this order was paid."
        case .refundPending:
            "Another refund of this order waits for its outcome. Look again in a moment."
        case .refundsUsedUp: "This order cannot have more refunds."
        case .refundRefused(let reason): "This cannot be refunded: \(reason.words)."
        case .damaged: "The record of the order was changed. Run `opal audit`."
        case .busy: "The order changes at this moment. Run the command again."
        default: "The refund could not be recorded: \(self)."
        }
    }
}
