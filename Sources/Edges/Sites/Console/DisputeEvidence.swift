// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer

/// All that is known of a disputed sale, put together for who decides: order, signatures checked
/// anew, delivery, what was given back, and what both sides say.
struct DisputeEvidence {
    private let dispute: Dispute
    private let records: StoryRecords
    /// Where it is in this process.
    private let shop: String?
    /// Parties of another process, which are not asked.
    private let away: [String]
    private let story: Story
    private let reader: Reader
    /// What is left of the sale, in minor units.
    let rest: UInt64
    /// What the merchant has given back by itself, in minor units.
    private let given: UInt64

    /// Asks each party of this process.
    ///
    /// - Throws: `.unavailable` where one does not answer.
    init(
        of dispute: Dispute,
        at parts: ConsoleParts,
        _ desk: DisputeDesk,
        _ reader: Reader
    ) async throws(SiteFailure) {
        self.dispute = dispute
        self.reader = reader
        let asked = parts.evidence(of: dispute.sale)
        shop = asked.shops.first?.name
        var away: [String] = []
        if asked.shops.isEmpty { away.append("the shop") }
        if asked.payments == nil { away.append("the payment server") }
        if asked.clearing == nil { away.append("the clearing house") }
        self.away = away
        records = try await StoryRecords(of: dispute.sale.transaction, at: asked)
        story = StoryWriter(records, reader).story
        do throws(UserFailure) {
            rest = try await desk.rest(of: dispute.sale.transaction, paid: dispute.sale.paid)
            given = try await desk.givenByMerchant(of: dispute.sale.transaction)
        } catch { throw .unavailable(error) }
    }

    var restMoney: Money { money(rest) }

    private func money(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, as: dispute.sale.paid)
    }

    /// `dispute` of the template.
    var head: [String: Any] {
        [
            "merchant": dispute.sale.merchant.text, "badge": dispute.state.badge,
            "amount": reader.amount(dispute.sale.paid), "standing": standing,
            "transaction": dispute.sale.transaction.text,
        ]
    }

    /// What became of the money.
    var money: [String: Any]? {
        records.isEmpty ? nil : ["text": story.money.text, "tone": story.money.tone.rawValue]
    }

    private var standing: String {
        switch dispute.state {
        case .filed: return "The clearing house has not taken it to the merchant yet."
        case .merchantAsked:
            return "The merchant has time until \(reader.timeText(dispute.answerBy))."
        case .merchantAnswered: return "The merchant has answered."
        case .decided(let back):
            return "\(reader.amount(back.amount)) is on its way, since "
                + "\(reader.timeText(dispute.changedAt)). The clearing house fetches it by itself."
        case .cameToNothing(let back, let reason):
            return "\(reader.amount(back.amount)) did not come onto the card: \(reason.words). "
                + "Decide again."
        case .refunded(let back): return "\(reader.amount(back.amount)) is on the card."
        case .rejected: return "Rejected: there is no charge-back."
        case .withdrawn: return "The holder has taken it back."
        case .givenBack:
            return "The merchant has given back all of it, \(reader.amount(dispute.sale.paid)): "
                + "there is nothing to decide."
        }
    }

    // MARK: The sale

    /// `facts` of the template.
    var facts: [[String: Any]] {
        var facts = [
            Shape.fact("Card", dispute.sale.card.masked),
            Shape.fact("Paid", reader.timeText(dispute.sale.paidAt)),
        ]
        if let article { facts.append(Shape.fact("Article", article)) }
        facts.append(Shape.fact("Order", OrderNumber.text(dispute.sale.transaction), isCode: true))
        let back = dispute.sale.paid.minorUnits - min(rest, dispute.sale.paid.minorUnits)
        facts.append(Shape.fact("Given back so far", reader.amount(money(back))))
        if given > 0 {
            facts.append(Shape.fact("Of that by the merchant", reader.amount(money(given))))
        }
        facts.append(Shape.fact("Disputed", reader.timeText(dispute.complaint.filedAt)))
        if !dispute.state.isFinal {
            facts.append(Shape.fact("To be decided by", reader.timeText(dispute.decideBy)))
        }
        return facts
    }

    /// As the shop has it; else as its order page named it.
    private var article: String? {
        if let order = records.orders.lazy.compactMap(\.order).first { return order.article.title }
        guard case .found(let draw) = records.draw, !draw.description.isEmpty else { return nil }
        return draw.description
    }

    // MARK: What is said

    /// `said` of the template: holder, merchant, and the decision.
    var said: [String: Any] {
        let complaint = dispute.complaint
        var rows: [[String: Any]] = [
            [
                "who": complaint.isByGuardian ? "Guardian of the holder" : "Holder",
                "time": reader.time(complaint.filedAt), "head": complaint.reason.words,
                "words": complaint.words,
            ]
        ]
        if let answer = dispute.answer, let moment = dispute.answeredAt {
            rows.append(answer.row(moment, reader))
        }
        if let decision = dispute.decision {
            var row: [String: Any] = [
                "who": decision.decider.isEmpty ? "Decided by the merchant" : decision.decider,
                "time": reader.time(decision.decidedAt),
                "head": dispute.state == .rejected ? "Rejected" : "Decided for the holder",
            ]
            if !decision.words.isEmpty { row["words"] = decision.words }
            rows.append(row)
        }
        return ["rows": rows]
    }

    // MARK: Delivery

    /// `delivery` of the template: what the shop's own records say, or what it has answered.
    var delivery: [String: Any] {
        if let order = records.orders.first {
            guard let view = order.order else {
                return row("The record of the order at \(order.shop) does not open.", .bad)
            }
            guard let moment = view.deliveredAt else {
                return row("\(order.shop) has not handed out what was ordered.", .wait)
            }
            return row(
                "\(order.shop) handed out \(view.article.title) at \(reader.timeText(moment)), "
                    + "on its page, to who brought the payment's result.",
                .good
            )
        }
        if let shop {
            return row("\(shop) is in this process, and has no order with this number.", .bad)
        }
        guard let answer = dispute.answer else {
            return row("The shop is in another process, and has not answered yet.", .wait)
        }
        guard let moment = answer.deliveredAt else {
            return row("The merchant has answered, and says nothing of a delivery.", .plain)
        }
        return row("The merchant says: handed out at \(reader.timeText(moment)).", .plain)
    }

    private func row(_ text: String, _ tone: Tone) -> [String: Any] {
        ["text": text, "tone": tone.rawValue]
    }

    /// `source` of the template: whose records the steps are from.
    var source: String {
        guard let last = away.last else {
            return "From the records of card, shop, payment server and clearing house."
        }
        let others = away.dropLast().joined(separator: ", ")
        let names = others.isEmpty ? last : "\(others) and \(last)"
        return "From the records of the parties in this process. Not read, because in another one: "
            + "\(names)."
    }

    /// `steps` of the template: as the page of the transaction tells them.
    var steps: [[String: Any]] { story.steps.map { $0.values(reader) } }
}
