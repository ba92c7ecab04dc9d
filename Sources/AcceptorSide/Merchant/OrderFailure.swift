// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Why the merchant does not do what it is asked; nothing has changed. In the order in which the
/// reasons are looked for.
package enum OrderFailure: Error, Equatable, Sendable {
    /// There is no such order, or the receipt key is not its key: which of them is not told.
    case unknownOrder
    /// The stored order does not open or is not readable as one: somebody changed it.
    case damaged
    /// The result does not open: it was forged, changed, or is for another order.
    case resultForged
    /// The result opens, and says another transaction, merchant, amount, currency or exponent.
    case resultMismatch
    /// The order had ended before, in another way than this result says.
    case resultContradicts
    /// The order is no longer open, so that it has no page.
    case notOpen(OrderState)
    /// The order was made too long ago to be paid; ask for it, then make a new one.
    case tooOld
    /// The goods are handed out only for a paid order.
    case notPaid(OrderState)
    /// Only an unpaid order can be made anew.
    case notUnpaid(OrderState)
    /// The goods were handed out more than ``MerchantLimits/downloadTime`` ago.
    case downloadOver
    /// Another refund of the order waits for its outcome.
    case refundPending
    /// The order has had as many refunds as there are numbers.
    case refundsUsedUp
    /// The order cannot be refunded so.
    case refundRefused(RefundRefusal)
    /// The payment server could not be asked, or did not answer.
    case paymentServerSilent(LinkFailure)
    /// The payment server refused the question.
    case paymentServerRefused(Refusal)
    /// What the payment server answered is no answer to the question.
    case answerUnreadable
    /// Others changed the order at the same time, again and again.
    case busy
    case store(StoreFailure)
    case module(ModuleFailure)

    /// Whether the same request may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .busy, .paymentServerSilent, .refundPending: true
        case .paymentServerRefused(let refusal): refusal.isTransient
        case .store(let failure): failure.isTransient
        case .module(.unavailable): true
        default: false
        }
    }
}
