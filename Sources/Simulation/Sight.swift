// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import LoyaltyServer
import OPALServer
import PaymentServer
import TerminalHost
import Wire

/// Something that a run has come by, so that a sweep can say what it has tried.
package enum Sight: Hashable, Sendable, CustomStringConvertible {
    /// An order was sold where S3 is compared here.
    case sold(ComparisonPolicy)
    /// Who compares was given an answer that is no card's, or not the card's own, and nothing was
    /// sold.
    case forgeryRefused(ComparisonPolicy)
    /// A terminal on another host has counted a sale; behind a concentrator or not.
    case soldElsewhere(behindConcentrator: Bool)
    case voidElsewhere
    /// Value was put back on a card.
    case recovered
    /// Somebody was told that a payment is pending.
    case pending
    /// A mail told how it ended.
    case mailed(isPaid: Bool)
    /// A shop learned from the payment server that an order is paid.
    case paidAfterQuestion
    /// A card in a reader has paid, or got its value back.
    case readerPaid
    case readerPutBack
    /// A client terminal has brought a payment to its end that it had left open.
    case readerFinished
    /// A card was loaded through the bank, and the load server told who asked.
    case loaded
    case loadPending
    /// A card proved to the load server that it was not loaded: with its unchanged counter, or
    /// where something else has used its number, with its denial.
    case negativeProved(byDenial: Bool)
    /// A card was loaded though the OPAL server said otherwise.
    case negativeDisproved
    /// A load ended at the load server without an S2: nobody consented, or it never came.
    case loadDeclined
    case loadOverdue
    /// A hold ended because the bank asked.
    case holdEndedAfterQuestion(HoldState)
    /// A card was loaded from an account on file.
    case accountLoaded(AccountLoadPurpose)
    case accountLoadPending
    /// What was approved is given back.
    case accountLoadCancelled
    case accountLoadDeclined
    /// An authorisation without an answer was reversed.
    case fundsReversed
    /// A reversal came before its request.
    case fundsVoid
    /// A card got a member number by a proof of identity.
    case enrolled
    case proved
    /// Points of a purchase are the member's, or went with the purchase.
    case pointsEarned
    case pointsUndone
    /// Points came onto a card, or were refused there.
    case pointsPosted
    case postingRefused
    case pointsSpent
    case pointsPutBack
    /// On a card, or at the loyalty server.
    case pointsExpired(onCard: Bool)
    case mixedSold
    /// A half that was debited was put back.
    case mixedPutBack
    case redeemedInDatabase(Redemption.State)
    /// A sale was cleared, or set aside because its merchant was not known yet.
    case cleared
    case suspended
    /// A false batch came: what it holds was set aside.
    case falseSaleSetAside
    case refunded(isWhole: Bool)
    case refundRefused
    case paidOut
    case payoutReturned
    case crashed(Role)

    /// A kind of party.
    package enum Role: CaseIterable, Sendable {
        case opalServer, paymentServer, shop, terminal, concentrator, clientTerminal, bank
        case loadServer, gateway, network, loyaltyServer, concentrationPoint, clearingHouse
    }

    /// All that there is to see.
    package static let all: Set<Sight> = Set(
        ComparisonPolicy.allCases.flatMap { [.sold($0), .forgeryRefused($0)] }
            + Role.allCases.map(Sight.crashed)
            + [
                .soldElsewhere(behindConcentrator: false),
                .soldElsewhere(behindConcentrator: true),
                .voidElsewhere, .recovered, .pending, .mailed(isPaid: true),
                .mailed(isPaid: false),
                .paidAfterQuestion, .readerPaid, .readerPutBack, .readerFinished,
                .loaded, .loadPending, .negativeProved(byDenial: false),
                .negativeProved(byDenial: true), .negativeDisproved, .loadDeclined, .loadOverdue,
                .holdEndedAfterQuestion(.loaded), .holdEndedAfterQuestion(.released),
                .accountLoadPending, .accountLoadCancelled, .accountLoadDeclined, .fundsReversed,
                .fundsVoid,
                .enrolled, .proved, .pointsEarned, .pointsUndone, .pointsPosted, .postingRefused,
                .pointsSpent, .pointsPutBack, .pointsExpired(onCard: true),
                .pointsExpired(onCard: false), .mixedSold, .mixedPutBack,
                .redeemedInDatabase(.debited), .redeemedInDatabase(.givenBack),
                .cleared, .suspended, .falseSaleSetAside, .refunded(isWhole: true),
                .refunded(isWhole: false), .refundRefused, .paidOut, .payoutReturned,
            ] + AccountLoadPurpose.allCases.map(Sight.accountLoaded)
    )

    package var description: String {
        switch self {
        case .sold(let policy): "sold, compared by \(policy.name)"
        case .forgeryRefused(let policy): "forged answer refused by \(policy.name)"
        case .soldElsewhere(true): "sold by a terminal behind a concentrator"
        case .soldElsewhere(false): "sold by a terminal on another host"
        case .voidElsewhere: "given up by a terminal on another host"
        case .recovered: "value put back"
        case .pending: "told as pending"
        case .mailed(true): "told by mail as paid"
        case .mailed(false): "told by mail as put back"
        case .paidAfterQuestion: "paid after a question of the shop"
        case .readerPaid: "paid with a card in a reader"
        case .readerPutBack: "put back on a card in a reader"
        case .readerFinished: "finished after a client terminal had stopped"
        case .loaded: "loaded through the bank"
        case .loadPending: "load told as pending"
        case .negativeProved(false): "not loaded, proved by an unchanged counter"
        case .negativeProved(true): "not loaded, proved by a denial"
        case .negativeDisproved: "loaded though the result said otherwise"
        case .loadDeclined: "load ended before S2"
        case .loadOverdue: "load ended because it never came"
        case .holdEndedAfterQuestion(let state): "hold \(state) after a question of the bank"
        case .accountLoaded(let purpose): "loaded from an account on file, \(purpose)"
        case .accountLoadPending: "load from an account told as pending"
        case .accountLoadCancelled: "approved funds given back"
        case .accountLoadDeclined: "load from an account declined"
        case .fundsReversed: "authorisation without an answer reversed"
        case .fundsVoid: "reversal before its request"
        case .enrolled: "card with a member number"
        case .proved: "identity proved"
        case .pointsEarned: "points earned by a purchase"
        case .pointsUndone: "points of a purchase undone"
        case .pointsPosted: "points posted to a card"
        case .postingRefused: "posting refused"
        case .pointsSpent: "points spent from a card"
        case .pointsPutBack: "points put back on a card"
        case .pointsExpired(true): "points expired on a card"
        case .pointsExpired(false): "points expired at the loyalty server"
        case .mixedSold: "sold for money and points"
        case .mixedPutBack: "half of a mixed payment put back"
        case .redeemedInDatabase(let state): "points in the database \(state)"
        case .cleared: "sale cleared"
        case .suspended: "sale of a merchant that came late set aside and cleared"
        case .falseSaleSetAside: "false sale set aside"
        case .refunded(true): "sale refunded whole"
        case .refunded(false): "sale refunded in part"
        case .refundRefused: "refund refused"
        case .paidOut: "paid out"
        case .payoutReturned: "payout returned"
        case .crashed(let role): "crash of \(role)"
        }
    }
}

extension Party {
    var role: Sight.Role {
        switch self {
        case .opalServer: .opalServer
        case .paymentServer: .paymentServer
        case .shop: .shop
        case .terminal: .terminal
        case .concentrator: .concentrator
        case .clientTerminal: .clientTerminal
        case .bank: .bank
        case .loadServer: .loadServer
        case .gateway: .gateway
        case .network: .network
        case .loyaltyServer: .loyaltyServer
        case .concentrationPoint: .concentrationPoint
        case .clearingHouse: .clearingHouse
        }
    }
}

extension Ledger {
    /// What the databases say at the end of a run.
    func sights(hasConcentrator: Bool) -> Set<Sight> {
        var sights: Set<Sight> = []
        for sale in sales.values where sale.state == .sold {
            sights.insert(.sold(sale.request.terms.policy))
        }
        for exchange in exchanges {
            switch exchange.state {
            case .counted: sights.insert(.soldElsewhere(behindConcentrator: hasConcentrator))
            case .void: sights.insert(.voidElsewhere)
            case .drawn, .refused: break
            }
        }
        if draws.values.contains(where: { $0.state == .recovered }) { sights.insert(.recovered) }
        for mail in mails { sights.insert(.mailed(isPaid: mail.isPaid)) }
        sights.formUnion(sightsOfPoints)
        sights.formUnion(clearing.sights)
        return sights.union(loads.sights).union(points.sights).union(funding.sights)
    }

    private var sightsOfPoints: Set<Sight> {
        var sights: Set<Sight> = []
        for draw in draws.values {
            let (isSold, isBack) = (draw.state == .sold, draw.state == .recovered)
            if draw.terms.otherHalf != nil {
                if isSold { sights.insert(.mixedSold) }
                if isBack { sights.insert(.mixedPutBack) }
            } else if draw.terms.amount.currency.isProgramme {
                if isSold { sights.insert(.pointsSpent) }
                if isBack { sights.insert(.pointsPutBack) }
            } else if draw.terms.amount == .proof, isSold {
                sights.insert(.proved)
            }
        }
        for entry in cards {
            for row in entry.rows {
                if case .expired = row.event { sights.insert(.pointsExpired(onCard: true)) }
            }
        }
        return sights
    }
}
