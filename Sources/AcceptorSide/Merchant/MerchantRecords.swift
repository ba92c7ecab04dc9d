// SPDX-License-Identifier: Apache-2.0

package import Records

/// What the merchant keeps: one record for each order, by its TRX.
package enum MerchantRecords {
    package static let order = RecordKind("order", keyBytes: 16...16)
    package static let schema = RecordSchema(party: "merchant", version: 1, kinds: [order])
}
