// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records

/// What the loyalty server keeps of benefits: each with its stock by its code, redemptions by the
/// TRX of their orders, and the redemptions of a member by CURR, number and TRX.
package enum BenefitRecords {
    package static let benefit = RecordKind("benefit", keyBytes: 1...BenefitLimits.codeBytesMax)
    package static let redemption = RecordKind("benefit_redemption", keyBytes: 16...16)
    package static let ofMember = RecordKind("member_benefit", keyBytes: 38...38)
    /// A part of the schema of the loyalty server.
    package static let kinds = [benefit, redemption, ofMember]

    static func key(_ code: BenefitCode) -> RecordKey { RecordKey(benefit, code.bytes) }

    static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(redemption, transaction.bytes)
    }

    /// The number is filled up with zeros to its longest, so that no number leads to the
    /// redemptions of another.
    static func key(_ member: Membership, _ transaction: [UInt8]) -> RecordKey {
        let programme = [UInt8(member.programme.bcd >> 8), UInt8(member.programme.bcd & 0xFF)]
        let fill = [UInt8](repeating: 0, count: MemberNumber.bytesMax - member.number.bytes.count)
        return RecordKey(ofMember, programme + member.number.bytes + fill + transaction)
    }

    // The journals, apart from all that other records of the party have.
    static func stream(_ code: BenefitCode) -> [UInt8] { Array("benefit ".utf8) + code.bytes }

    static func stream(_ transaction: TransactionIdentifier) -> [UInt8] {
        Array("benefit redemption ".utf8) + transaction.bytes
    }
}
