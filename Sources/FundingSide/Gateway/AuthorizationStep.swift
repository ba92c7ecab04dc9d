// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row of an authorisation's journal: step 1, moment 8, then what the step brought (counted).
/// It holds no account number.
package struct AuthorizationStep: Equatable, Sendable {
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// The request may leave; CURR 2, CEXP 1, M 8, RRN 12.
        case asked = 1
        /// The approval code.
        case approved = 2
        /// The response code; empty where the network was not reached.
        case declined = 3
        /// The card was credited: the advice may leave; its STAN.
        case completing = 4
        /// The network has taken the advice; its response. Likewise.
        case completed = 5
        /// Nothing may stay held: the reversal may leave; its STAN.
        case reversing = 6
        /// The network has taken the reversal; its response. Empty where it was asked only whether
        /// the account is good.
        case reversed = 7
        /// The network has refused the advice or the reversal; its response. It is sent again.
        case refused = 8
        /// The card was not credited and will not be: the reversal may leave, or is under way; its
        /// STAN.
        case cancelling = 9
        /// Cancelled, and the network has taken the reversal; its response. Empty where it holds
        /// nothing.
        case cancelled = 10
    }

    package let kind: Kind
    package let moment: Instant
    package let data: [UInt8]

    package static let dataBytesMax = 64

    init(_ kind: Kind, at moment: Instant, _ data: [UInt8] = []) {
        self.kind = kind
        self.moment = moment
        self.data = data
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "authorization journal")
        kind = try reader.value("step", bytes: 1) { Kind(rawValue: UInt8($0)) }
        moment = try reader.moment("moment")
        data = try reader.counted("data", max: AuthorizationStep.dataBytesMax)
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 48)
        writer.byte(kind.rawValue)
        writer.integer(UInt64(bitPattern: moment.milliseconds), bytes: 8)
        writer.counted(data)
        return writer.bytes
    }
}
