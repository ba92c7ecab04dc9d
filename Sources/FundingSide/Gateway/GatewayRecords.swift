// SPDX-License-Identifier: Apache-2.0

package import Records

/// What the gateway keeps.
package enum GatewayRecords {
    package static let schema = RecordSchema(
        party: "gateway",
        version: 1,
        kinds: [AuthorizationRecord.kind, TraceCounter.kind]
    )
}
