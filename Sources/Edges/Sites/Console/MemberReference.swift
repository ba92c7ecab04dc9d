// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule

/// Stands for a member of a loyalty programme in addresses.
struct MemberReference: Sendable {
    private let reference: SealedReference

    init(_ seals: any RecordSealing) {
        reference = SealedReference(name: "member reference of the console", seals: seals)
    }

    func text(_ member: Membership) async throws(SiteFailure) -> String {
        let code = member.programme.bcd
        return try await reference.text(
            [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + member.number.bytes
        )
    }

    /// - Throws: `.notFound` for what is no reference of ours.
    func member(_ text: String) async throws(SiteFailure) -> Membership {
        let bytes = try await reference.bytes(text)
        guard bytes.count > 2,
            let programme = Currency(bcd: UInt16(bytes[0]) << 8 | UInt16(bytes[1])),
            programme.isProgramme,
            let number = MemberNumber(String(decoding: bytes[2...], as: UTF8.self))
        else { throw .notFound }
        return Membership(programme: programme, number: number)
    }
}
