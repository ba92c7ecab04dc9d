// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// The running state of an audit of one card.
package struct CardAudit: Equatable, Sendable {
    /// What an audit can find.
    package enum Finding: Equatable, Sendable {
        case recordDoesNotOpen
        case rowUnreadable(number: UInt64)
        case rowMissing(number: UInt64)
        /// The row's hash does not follow from the row before.
        case chainBroken(number: UInt64)
        case signatureWrong(number: UInt64)
        /// The row's balance does not follow from the row before.
        case balanceWrong(number: UInt64)
        /// The record's balance, number or last row is not what the rows add up to.
        case recordDisagrees
        /// The policy in force, or what counts against it, is not what the rows say.
        case policyDisagrees
        /// The rows say that the card is blocked, and its record does not.
        case blockMissing
        /// The row takes other points than those that expire first, or points that have expired,
        /// or expires others than those that are due.
        case pointsWrong(number: UInt64)
        /// The record's points, by day, are not what the rows add up to.
        case pointsDisagree
        /// The memberships of the record are not those that the rows enter.
        case membershipsDisagree
    }

    /// A debit and the command with SV that puts it back.
    package struct Recoverable: Equatable, Sendable {
        package let type: TransactionType
        package let amount: Money
        package let command: RecoverValue
        /// Which points were taken.
        package let points: [PointsTranche]

        package init(
            type: TransactionType,
            amount: Money,
            command: RecoverValue,
            points: [PointsTranche]
        ) {
            self.type = type
            self.amount = amount
            self.command = command
            self.points = points
        }
    }

    package var findings: [Finding] = []
    package var rows: UInt64 = 0
    package var lastHash: [UInt8]
    package var lastNumber: UInt32 = 0
    /// Balance by currency and exponent, as the rows add up.
    package var balances: [Money: UInt64] = [:]
    package var recovered: Set<UInt32> = []
    /// What would put each debit back, by its number: a recovery is nothing else.
    package var recoverable: [UInt32: Recoverable] = [:]
    package var loadedTotal: UInt64 = 0
    package var debitedTotal: UInt64 = 0
    package var recoveredTotal: UInt64 = 0
    /// What moved to the card's successor.
    package var movedTotal: UInt64 = 0
    /// What was swept to the issuer's account of expired value.
    package var sweptTotal: UInt64 = 0
    /// Points that expired on the card.
    package var expiredTotal: UInt64 = 0
    /// The points of programmes by day, as the rows add up.
    package var points: [Money: PointsTranches] = [:]
    /// As the rows enter them.
    package var memberships: [Membership] = []
    /// TRX of the debits, for the comparison with the payment server's sales.
    package var debits: [TransactionIdentifier] = []
    /// The policy in force and what counts against it, as the rows say.
    package var spending: CardSpending?
    /// Whether the last row about it says that the card is blocked.
    package var isBlocked = false

    package init() {
        lastHash = Array(repeating: 0, count: Card.historyHashBytes)
    }
}
