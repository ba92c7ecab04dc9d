// SPDX-License-Identifier: Apache-2.0

#if PLANTED_BUGS
    /// A fault that is put into a party on purpose, to see that the simulation finds it. Debug
    /// builds alone hold them, and nothing plants one but a test.
    package enum PlantedBug: String, CaseIterable, Sendable {
        /// The payment server gives up a sale that it has sold.
        case voidAfterSold
        /// The merchant takes a result that it could not open.
        case deliveryBeforeCheck
        /// The security card issues S2 under a number that it has issued before.
        case numberReused
        /// The payment server answers though its commit failed.
        case commitAfterReply
        /// The OPAL server remembers the draw after the debit, in another commit.
        case drawAfterDebit
        /// The payment server refuses a debit response that it has answered before.
        case resendNotRepeated
        /// The merchant hands out goods again as if it were the first time.
        case deliveredAgain
        /// The card's number is consumed at INITIALIZE, so that a purchase that comes to nothing
        /// burns one.
        case numberConsumedEarly
        /// A debit response that comes after the payment server has given the sale up is taken all
        /// the same.
        case soldAfterVoid
        /// The merchant takes an order that the payment server does not know yet for one that
        /// nobody pays.
        case unknownMeansUnpaid
        /// The OPAL server tells a debit without an outcome as a failure.
        case pendingToldAsRefused
        /// The payment server gives up by time a sale whose goods may be out.
        case oneTripGivenUpByTime
        /// The payment server does not note that it has asked a security card on another host to
        /// give a sale up, and compares S3 itself all the same.
        case notLeftToSecurityCard
        /// S3, number and balance are not compared where the security card compares (FIG. 5).
        case notComparedBySecurityCard
        /// Likewise where the payment server compares (FIG. 6).
        case notComparedByPaymentServer
        /// S3 is not compared where the OPAL server compares (FIG. 7).
        case notComparedByOPALServer
        /// Likewise at the client terminal (FIG. 7, variation): the result opens with any S3.
        case notComparedByClientTerminal
        /// Likewise at the merchant (FIG. 8).
        case notComparedByMerchant
        /// The card puts a value back that it has put back before (RECOVER VALUE).
        case recoveredTwice
        /// A security card on another host counts a sale that it has given up.
        case voidCounted
        /// A security card on another host gives up a sale that it has counted.
        case countedVoid
        /// A security card on another host counts a sale once more when it is asked again.
        case countedAgain
        /// The OPAL server's card answers though its commit failed.
        case commitAfterReplyAtOPALServer
        /// The merchant answers though its commit failed.
        case commitAfterReplyAtMerchant
        /// The payment server draws once more when the same draw request comes again.
        case drawnAgain
        /// The mail about a payment that was pending is written in a commit before its outcome.
        case mailBeforeOutcome
        /// It is written in a commit behind its outcome.
        case mailAfterOutcome
        /// A terminal on another host gives a draw the number that it drew last for the same order,
        /// whatever request that was for, and though the payment server gives it up or has done so.
        case numberTakenOver
        /// The merchant takes the age of an order from its wall clock.
        case orderAgedByWallClock
        /// The bank pays for a load whose result it could not open.
        case paidBeforeResult
        /// The bank gives a hold up when no result has come for a few minutes.
        case holdReleasedByTime
        /// The load server issues another S2 for a load that it has authorized before.
        case authorizedAgain
        /// The load server answers though its commit failed.
        case commitAfterReplyAtLoadServer
        /// A card that is credited answers though the commit failed.
        case creditAnsweredBeforeCommit
        /// The load server believes a card's negative result though its counter has moved on.
        case negativeBelieved
        /// The OPAL server gives a load up whose card is credited.
        case givenUpAfterCredit
        /// The OPAL server tells a load without an end as a failure.
        case loadPendingToldAsRefused
        /// The receipt of a load is written in a commit before its end.
        case receiptBeforeEnd
        /// The gateway takes a request without an answer for one that was declined: what the
        /// network approves late is not reversed.
        case lateApprovalKept
        /// An advice or a reversal that is sent again has another number.
        case adviceRenumbered
        /// The gateway sends what it could not store.
        case commitAfterReplyAtGateway
        /// The OPAL server has the funds captured before the card is credited.
        case completedBeforeCredit
        /// The OPAL server cancels at the gateway what it has credited and could not tell.
        case cancelledAfterCredit
        /// The OPAL server credits a card for a load that it has given up.
        case creditedAfterGivenUp
        /// Each attempt of an occurrence of a standing order has a transaction of its own.
        case occurrenceBegunTwice
        /// A debit of points leaves in the purse what its answer says is gone.
        case trancheSpentTwiceOnCard
        /// The card pays with points that have expired.
        case expiredPointsSpent
        /// The OPAL server does not look whether it has loaded the points of this transaction.
        case creditedTwice
        /// The OPAL server closes an earn notice that the loyalty server has not noted.
        case noticeLost

        /// The payment server sells one half of a mixed payment by itself.
        case halfSoldAlone
        /// The security card counts a proof of identity as a sale.
        case proofCounted
        /// The loyalty server debits points in its database and leaves them there.
        case trancheSpentTwice
        /// The loyalty server counts the points of a purchase again when its notice comes again.
        case earnCountedTwice
        /// The loyalty server sends a posting again under another transaction.
        case postedTwice
        /// The loyalty server gives a member the points of a purchase that was recovered.
        case undoneEarnKept
        /// The clearing house refunds more of a sale than was paid.
        case refundAboveSale
        /// The clearing house posts the sales of a batch in a commit before the one that notes that
        /// it has done so: what is broken off between is posted twice.
        case batchAppliedTwice
        /// What is left of fees below a cent is dropped with a payout.
        case feeRestLeaks
        /// The issuer proves a sale whose value it has put back on the card.
        case voidCleared
        /// The clearing house acknowledges a batch though its commit failed.
        case acknowledgedBeforeCommit
        /// A payout is made in a commit before the one that takes it from the account.
        case payoutBeforeEntry
        /// A payout that came back is given to its account each time that a statement lists it.
        case payoutReturnedTwice
        /// The issuer credits a card again when it is asked for the same refund again.
        case refundCreditedTwice

        /// The one that is in the parties of this task.
        @TaskLocal package static var planted: PlantedBug?

        package static func isPlanted(_ bug: PlantedBug) -> Bool { planted == bug }
    }
#endif
