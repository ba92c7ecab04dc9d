// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule

/// Something that must never happen (`docs/design.md`, §4), and did.
package enum Violation: Equatable, Sendable {
    /// A store could not be read.
    case unreadable(String)
    /// §4.1, §4.4: the card's record and its history do not agree, or a signature is wrong.
    case card(Int, CardAudit.Finding)
    /// §4.1: loads + recoveries − debits − moves − expired is not the balance.
    case balance(card: Int)
    /// §4.1: what was loaded is not what is on cards, was taken for sales or is open.
    case conservation(loaded: UInt64, found: UInt64)
    /// A draw, a sale or an order does not open.
    case damaged(String)
    /// §4.3: this transaction was debited more than once.
    case debitedTwice(TransactionIdentifier)
    /// §4.2: a debit that no draw remembers, or another draw than the debit.
    case debitWithoutDraw(TransactionIdentifier)
    case drawWithoutDebit(TransactionIdentifier)
    /// §4.2: the draw ended in another way than the sale.
    case drawAgainstSale(TransactionIdentifier, DrawState, SaleState?)
    /// A recovered draw without its one recovery in the history, or the other way round.
    case recovery(TransactionIdentifier)
    /// §4.1: a sale that is counted, without the debit of the same card and amount.
    case saleWithoutDebit(TransactionIdentifier)
    /// A refused sale whose card was debited all the same.
    case refusedButDebited(TransactionIdentifier)
    /// One half of a mixed payment is sold and the other is not.
    case halfSoldAlone(TransactionIdentifier)
    /// A proof of identity that is over an amount, or a purchase that is over none.
    case proofMoved(TransactionIdentifier)
    /// §4.1: what a member of this programme has earned is not that of their purchases and earn
    /// files, or not where the loyalty server says.
    case member(String)
    /// §4.1: what came onto cards in points of this programme is not on them, spent or expired.
    case points(String, came: UInt64, found: UInt64)
    /// §4.1: points came onto a card without a posting, or are not there though they were posted,
    /// or are there though they went back to the member.
    case postingAgainstCard(TransactionIdentifier)
    /// A purchase earns though it does not count, or the loyalty server was not told of it, or of
    /// another end than it had.
    case earnAgainstDraw(TransactionIdentifier)
    /// A security card has counted something else than its sales.
    case totals(SecurityCardIdentifier)
    /// Two sales have one number of a security card, or one above its last.
    case numberReused(SecurityCardIdentifier, UInt32)
    /// A number is open at the security card and not at a sale, or the other way round.
    case openNumbers(SecurityCardIdentifier)
    /// §4.3: an order is paid or delivered without a sale that is counted, of the same amount.
    case orderWithoutSale(TransactionIdentifier)
    /// An order is unpaid though its sale is counted.
    case orderUnpaidThoughSold(TransactionIdentifier)
    /// §4.3.
    case deliveredTwice(TransactionIdentifier)
    /// §4.3: the goods were given to somebody, and the shop does not know it, or said more than
    /// once that it is the first time.
    case handedOutUnrecorded(TransactionIdentifier)
    /// A mail about a payment says what is not so, or went to somebody else.
    case mailUntrue(TransactionIdentifier)
    /// Somebody got more mails about the end of one payment, or none though it was pending.
    case mails(TransactionIdentifier, count: Int)
    /// A client terminal with a card in its reader said what is not so.
    case toldByReader(TransactionIdentifier)
    /// §4.3: this transaction was credited more than once.
    case loadedTwice(TransactionIdentifier)
    /// §4.1: a card was credited for a bank, and the load is not on record at each party.
    case creditWithoutLoad(TransactionIdentifier)
    /// The OPAL server says otherwise of a load than its card.
    case loadAgainstCard(TransactionIdentifier, CardLoadState)
    /// The OPAL server ended a load in another way than the load server.
    case loadAgainstAuthorization(TransactionIdentifier, CardLoadState, AuthorizationState?)
    /// The load server says otherwise of a load than its card.
    case authorizationAgainstCard(TransactionIdentifier, AuthorizationState)
    /// The bank ended a load in another way than the load server.
    case holdAgainstAuthorization(TransactionIdentifier, HoldState, AuthorizationState?)
    /// §4.1: what is on an account, or held, is not what its statement and its loads say.
    case account(String)
    /// §4.1: what the bank has paid to the issuer's pool or holds for it is not what cards were
    /// credited through the bank.
    case funds(credited: UInt64, found: UInt64)
    /// The OPAL server says otherwise of a load from an account than its card.
    case accountLoadAgainstCard(TransactionIdentifier, AccountLoadState)
    /// A load from an account was given up, and its card credited later.
    case creditedAfterGivenUp(TransactionIdentifier)
    /// It says otherwise than the gateway.
    case accountLoadAgainstGateway(TransactionIdentifier, AccountLoadState?, String?)
    /// The funding network holds, has captured or has released what the gateway says otherwise of.
    case holdAgainstGateway(String, String, String?)
    /// An advice or a reversal was sent under more than one number.
    case sentAgain(String)
    /// An occurrence of a standing order was loaded twice, or more in a month than ordered.
    case occurrenceTwice(TransactionIdentifier)
    /// A receipt of a load is missing, doubled, untrue, or went to somebody else.
    case receipts(TransactionIdentifier, count: Int)
    /// Somebody was told that a card was loaded, and it was not.
    case toldLoaded(TransactionIdentifier)
    /// Somebody was told that a card was not loaded, and it was.
    case toldNotLoaded(TransactionIdentifier)
    /// §4.2: after everything was settled, something is still open.
    case stillOpen(String)
    /// What stands in the books of the clearing house, in whole, is not nothing.
    case books(String)
    /// An account is not what its sales, fees, refunds and payouts come to.
    case clearingAccount(String, found: String, expected: String)
    /// A sale was cleared twice, in one batch or two.
    case clearedTwice(TransactionIdentifier)
    /// A sale was cleared that is not sold, or was put back, or is another one.
    case clearedWithoutSale(TransactionIdentifier)
    /// A sale was set aside for a reason that nothing in the world gives.
    case suspended(TransactionIdentifier, SuspenseReason)
    /// The payment server takes a batch for received that the clearing house does not have.
    case acknowledged(SecurityCardIdentifier, UInt32)
    /// Together the refunds of a sale are above what was paid.
    case refundAboveSale(TransactionIdentifier)
    /// A card was credited with a refund that the clearing house has not taken from the merchant,
    /// or with another amount or twice; or was not, though the refund has ended so.
    case refundAgainstCard(TransactionIdentifier, UInt8)
    /// A shop or the payment server says that a refund ended otherwise than the clearing house.
    case refundAgainstClearing(TransactionIdentifier, UInt8)
    /// A payout took more than was there, or left a whole cent.
    case payout(String)
    /// What was sold is not what waits, stands in the books, was paid out or was given back.
    case cleared(sold: String, found: String)
    /// What the bank has paid is not what the books say.
    case bankAccount(paid: String, booked: String)
    /// Somebody was told that this was paid, and it is not.
    case toldPaid(TransactionIdentifier)
    /// §4.2: somebody was only told that nothing was taken, and the card was debited.
    case toldRefused(TransactionIdentifier)
}
