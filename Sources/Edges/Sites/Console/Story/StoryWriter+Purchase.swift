// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Wire

// A purchase, and what was put back.
extension StoryWriter {
    // MARK: The money

    var purchaseMoney: Story.Money {
        if sale?.draw.type == .authentication {
            return .init(text: "No value moves: the card proves who holds it.", tone: .plain)
        }
        if records.draw == .damaged || (records.sale != nil && sale == nil) {
            return .init(
                text: """
                    A record of this transaction does not open, so that where \(amountText) is \
                    cannot be said: look at the audit before anything else.
                    """,
                tone: .bad
            )
        }
        if let impostor { return impostor }
        if let draw { return money(of: draw) }
        if isPutBack { return putBack }
        if let sale { return money(of: sale) }
        if records.readerDebit != nil {
            return .init(
                text: "\(amountText) was taken from \(cardText), which was in a reader.",
                tone: .good
            )
        }
        return orderMoney
    }

    /// A sale that is counted, and that its card has not made, or does not know.
    private var impostor: Story.Money? {
        guard let sale, sale.state == .sold else { return nil }
        if records.issuerProof == .wrong {
            return .init(
                text: """
                    The sale of \(amountText) is counted, and forged: S6 is wrong. It was not \
                    taken from \(cardText), and its issuer does not pay it.
                    """,
                tone: .bad
            )
        }
        guard records.isDebitMissing, records.issuerProof == .right else { return nil }
        return .init(
            text: """
                \(cardText.capitalizedFirst) has paid \(amountText), as S6 proves, and its OPAL \
                server has no debit of it: the card was set back, or there are two of it.
                """,
            tone: .bad
        )
    }

    private var putBack: Story.Money {
        .init(
            text: """
                \(amountText) was taken from \(cardText) and has been put back on it: the merchant \
                is paid nothing.
                """,
            tone: .plain
        )
    }

    private func setAside(at merchant: MerchantIdentifier) -> Story.Money {
        .init(
            text: """
                \(amountText) was taken from \(cardText), and merchant \(merchant.text) is not \
                paid yet: the clearing house has set the sale aside.
                """,
            tone: .wait
        )
    }

    private func money(of draw: DrawRecord) -> Story.Money {
        switch draw.state {
        case .debited:
            return .init(
                text: """
                    \(amountText) is off \(cardText), and the payment server has not said yet \
                    what became of it: it will be sold or put back.
                    """,
                tone: .wait
            )
        case .recovered: return putBack
        case .sold:
            guard let sale, sale.state == .sold else {
                if isSetAside { return setAside(at: draw.terms.merchant) }
                return .init(
                    text: """
                        \(amountText) was taken from \(cardText) and is owed to merchant \
                        \(draw.terms.merchant.text): the sale is sold.
                        """,
                    tone: .good
                )
            }
            return money(of: sale)
        }
    }

    private func money(of sale: SaleRecord) -> Story.Money {
        let merchant = sale.request.terms.merchant.text
        switch sale.state {
        case .drawn:
            return .init(
                text: """
                    \(amountText) may be off \(cardText): its answer has not come. The sale will \
                    be sold or given up, and what was given up is put back.
                    """,
                tone: .wait
            )
        case .sold where isSetAside: return setAside(at: sale.request.terms.merchant)
        case .sold where sale.isClosedBySecurityCard:
            return .init(
                text: """
                    \(amountText) was taken from \(cardText) and is owed to merchant \
                    \(merchant): the sale is sold and counted.
                    """,
                tone: .good
            )
        case .sold:
            return .init(
                text: """
                    \(amountText) was taken from \(cardText) for merchant \(merchant): the sale \
                    is sold, and paid once its security card has counted it.
                    """,
                tone: .wait
            )
        case .refused:
            return .init(
                text: "Nothing was taken: \(cardText) proved that it was not debited.",
                tone: .plain
            )
        case .void:
            return .init(
                text: """
                    The merchant is paid nothing: the sale was given up. If \(cardText) was \
                    debited, its OPAL server puts \(amountText) back.
                    """,
                tone: .plain
            )
        }
    }

    private var orderMoney: Story.Money {
        if records.draw == .neverDebited {
            return .init(
                text: "Nothing was taken: no card was debited, and none ever will be.",
                tone: .plain
            )
        }
        if records.orders.isEmpty, let cleared = records.cleared {
            return clearedMoney(of: cleared)
        }
        let isPaid = records.orders.contains { $0.order?.settlement?.outcome == .sold }
        return isPaid
            ? .init(
                text: "\(amountText) is owed to the merchant: the payment server said sold.",
                tone: .good
            )
            : .init(
                text: "Nothing was taken as far as is known here: it is ordered and not paid.",
                tone: .plain
            )
    }

    // MARK: The merchant

    var orderSteps: [StoryStep] {
        records.orders.flatMap { shop, order, journal in
            journal.map { step($0, of: order, at: "Merchant: \(shop)") }
        }
    }

    private func step(_ entry: JournalEntry, of order: OrderView?, at party: String) -> StoryStep {
        func step(
            _ rank: StoryStep.Rank,
            _ title: String,
            _ text: String,
            _ tone: Tone = .plain
        ) -> StoryStep {
            StoryStep(
                moment: entry.time,
                rank: rank,
                party: party,
                title: title,
                text: text,
                tone: tone
            )
        }
        switch entry.event {
        case .ordered(let terms, let article, _):
            let title = order?.article.title ?? article
            return step(.ordered, "Ordered", "\(title) for \(reader.amount(terms.amount)).")
        case .settled(.sold, _):
            return step(.settled, "Told: sold", "The sealed result opens and fits.", .good)
        case .settled(.refused, _), .settled(.void, _):
            return step(.settled, "Told: not paid", "The sealed result opens and fits.", .bad)
        case .givenUp:
            return step(
                .settled,
                "Given up",
                "The payment server never saw the transaction and will not take it any more.",
                .bad
            )
        case .delivered:
            return step(.delivered, "Delivered", "The goods were handed out, once.", .good)
        case .renewed(let successor):
            return step(
                .delivered,
                "Ordered anew",
                "In its place came order \(OrderNumber.text(successor))."
            )
        }
    }

    // MARK: The payment server

    var saleSteps: [StoryStep] {
        guard let detail = records.sale else { return [] }
        return detail.journal.map { row in
            guard let step = row.step else {
                return StoryStep(
                    moment: detail.line.sale?.drawnAt ?? Instant(milliseconds: 0),
                    rank: .requested,
                    party: "Payment server",
                    title: "Not readable",
                    text: "Row \(row.number) of the journal was changed by somebody else.",
                    tone: .bad,
                    hash: row.hash
                )
            }
            let (title, text, tone) = SaleWords.words(step.kind)
            return StoryStep(
                moment: step.moment,
                rank: Self.rank(step.kind),
                party: "Payment server",
                title: title,
                text: text,
                tone: tone,
                checks: checks(of: step.kind),
                hash: row.hash
            )
        }
    }

    private static func rank(_ kind: SaleStep.Kind) -> StoryStep.Rank {
        switch kind {
        case .requested: .requested
        case .drawn: .authorized
        case .sold, .refused, .void, .answered, .leftToSecurityCard: .told
        case .counted: .counted
        }
    }

    private func checks(of kind: SaleStep.Kind) -> [SignatureCheck] {
        switch kind {
        case .drawn: return [securityCardCheck]
        case .sold, .refused, .answered: return [cardCheck] + issuerChecks
        case .void: return [voidCheck]
        case .counted:
            return [cardCheck] + issuerChecks
        case .requested, .leftToSecurityCard: return []
        }
    }

    /// S2, which the card's row of history repeats where it was debited.
    private var securityCardCheck: SignatureCheck {
        for row in records.evidence {
            guard case .debit(let debit) = row.entry.event, let sale else { continue }
            // The row holds what the card was told: another command is not this one's proof.
            let isSame = debit.command == sale.command
            return SignatureCheck(
                "S2",
                isSame ? row.isSigned : false,
                by: Checker.issuer,
                else: Checker.noIssuer
            )
        }
        return SignatureCheck(
            "S2",
            because: records.hasCardSide
                ? "the card checks it, and was not debited with it" : Checker.noIssuer
        )
    }

    /// S3.
    private var cardCheck: SignatureCheck {
        SignatureCheck(
            "S3",
            records.isCardSignatureRight,
            by: Checker.securityCard,
            else: "its security card is on another host, or lacks the issuer's key"
        )
    }

    /// S6; none where the card was not debited.
    private var issuerChecks: [SignatureCheck] {
        guard let sale, sale.draw.type == .purchase, sale.answer?.completion == .done else {
            return []
        }
        switch records.issuerProof {
        case .right?: return [SignatureCheck("S6", true, by: Checker.issuer)]
        case .wrong?: return [SignatureCheck("S6", false, by: Checker.issuer)]
        case .keyUnknown?:
            return [
                SignatureCheck("S6", because: "the issuer's keys of its version are not here")
            ]
        case nil: return [SignatureCheck("S6", because: Checker.noIssuer)]
        }
    }

    /// SV, which the card's row of history repeats where it was put back.
    private var voidCheck: SignatureCheck {
        for row in records.evidence {
            guard case .recovery(_, _, let command, _) = row.entry.event, let sale else {
                continue
            }
            return SignatureCheck(
                "SV",
                command.voidProof == sale.voidProof ? row.isSigned : false,
                by: Checker.issuer,
                else: "the debit that it puts back was not found"
            )
        }
        return SignatureCheck(
            "SV",
            because: records.hasCardSide
                ? "no card has put anything back with it" : Checker.noIssuer
        )
    }

    // MARK: The card

    var cardSteps: [StoryStep] {
        records.evidence.map { row in
            let entry = row.entry
            let amount = entry.movement.map { reader.amount($0.amount) } ?? ""
            let balance = entry.movement.map { reader.amount($0.money) } ?? ""
            let (title, text, names, tone): (String, String, String, Tone) =
                switch entry.event {
                case .debit(let debit) where debit.answer.completion == .done:
                    (
                        "Debited", "\(amount) off \(cardText); \(balance) left.",
                        "S2, S3 and S6", .plain
                    )
                case .debit:
                    ("Not debited", "The card refused, and signed that.", "S3", .bad)
                case .load(let request, _, _, let answer) where answer.completion == .done:
                    (
                        request.isRefund(to: card) ? "Refunded" : "Loaded",
                        "\(amount) onto \(cardText); \(balance) afterwards.",
                        "S1, S2 and S3", .good
                    )
                case .load:
                    (
                        "Not loaded", "The card refused, and signed that.",
                        "S1, S2 and S3", .bad
                    )
                case .recovery:
                    ("Put back", "\(amount) on \(cardText) again; \(balance) now.", "SV", .good)
                case .swept: ("Swept", amount, "Row", .plain)
                case .moved, .setting, .expired: ("Moved", amount, "Row", .plain)
                }
            return StoryStep(
                moment: entry.moment,
                rank: .cardMoved,
                party: "OPAL server",
                title: title,
                text: text,
                tone: tone,
                checks: [
                    SignatureCheck(
                        names,
                        row.isSigned,
                        by: Checker.issuer,
                        else: "the debit that it puts back was not found"
                    )
                ]
            )
        }
    }

    /// What the OPAL server was told.
    var drawSteps: [StoryStep] {
        guard let draw, let ended = draw.endedAt, draw.state != .debited else { return [] }
        let isSold = draw.state == .sold
        return [
            StoryStep(
                moment: ended,
                rank: .settled,
                party: "OPAL server",
                title: isSold ? "Told: sold" : "Told: void",
                text: isSold
                    ? "Debit Result C is here: nothing will be put back."
                    : "Debit Result C brought SV, and the value is on the card again.",
                tone: isSold ? .good : .wait
            )
        ]
    }
}

extension InitializeLoad {
    /// Whether a merchant gives something back with it.
    fileprivate func isRefund(to card: CardIdentifier?) -> Bool {
        card.map { bank.refundNumber(at: $0.issuer) != nil } ?? false
    }
}
