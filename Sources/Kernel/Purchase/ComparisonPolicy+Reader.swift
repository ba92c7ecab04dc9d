// SPDX-License-Identifier: Apache-2.0

extension ComparisonPolicy {
    /// Whether a card in a reader at a client terminal can pay: S3 is compared at the payment
    /// server, so that no OPAL server and no shop has a part in it.
    package var suitsCardInReader: Bool { self == .securityCard || self == .paymentServer }
}
