// SPDX-License-Identifier: Apache-2.0

package import Records

/// What the issuer keeps about its float, in a database of its own: set back to an old back-up with
/// the cards, it would forget with them what they paid (`docs/decisions/0028`). The blocking list
/// lies here for the same reason.
package enum FloatRecords {
    package static let schema = RecordSchema(
        party: "issuer_float",
        // 3: a rule says how long an expired card can be renewed before its value is moved.
        version: 3,
        kinds: [
            NumberRecord.kind, RefusedSaleRecord.kind, DormancyRuleRecord.kind, BlockChange.kind,
            ListedCard.kind,
        ]
    )
}
