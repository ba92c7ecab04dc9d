// SPDX-License-Identifier: Apache-2.0

/// The bounds of loading from a funding account, of guardians and of standing orders.
package enum FundingLimits {
    /// An authorization that is not used within this time is given back, so that nobody's card is
    /// loaded when nobody expects it any more. Longer than the gateway waits for the network.
    package static let authorizationTime = Duration.seconds(5 * 60)
    /// An authorization is sent so often, with the same bytes, while somebody waits for it.
    package static let authorizationSends = 2
    /// A credit is begun anew so often where somebody else used the card in between.
    package static let creditTriesMax = 8
    /// Loads that the gateway is asked about at the same time.
    package static let loadsAtOnce = 8

    /// Children of one guardian, those who have not come yet included.
    package static let childrenMax = 10
    /// Characters of the name that a guardian gives to a child.
    package static let childNameCharactersMax = 40
    package static let childNameBytesMax = 160

    /// Refused purchases of one child that its guardian finds; the oldest make room.
    package static let refusedPurchasesMax = 20
    /// So long a refused purchase is shown.
    package static let refusedPurchaseKeepTime = Duration.seconds(30 * 24 * 60 * 60)
    /// Mails about refused purchases of one child within ``refusalMailTime``: a child that tries
    /// again and again does not fill its guardian's mailbox.
    package static let refusalMailsMax = 10
    package static let refusalMailTime = Duration.seconds(24 * 60 * 60)
    /// So long a purchase that a guardian has allowed once can be made.
    package static let allowOnceTime = Duration.seconds(24 * 60 * 60)

    /// An occurrence of a standing order is tried so often in all.
    package static let attemptsMax: UInt8 = 3
    /// The pause before it is tried again.
    package static let retryTime = Duration.seconds(12 * 60 * 60)
}
