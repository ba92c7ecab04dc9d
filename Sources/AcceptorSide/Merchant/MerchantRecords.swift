// SPDX-License-Identifier: Apache-2.0

package import Records

/// What the merchant keeps: one record for each order, by its TRX, and the wrapped key that it
/// shares with the payment server, by its name.
package enum MerchantRecords {
    package static let order = RecordKind("order", keyBytes: 16...16)
    package static let sharedKey = RecordKind("shared_key", keyBytes: 1...16)
    package static let schema = RecordSchema(
        party: "merchant", version: 1, kinds: [order, sharedKey])
}
