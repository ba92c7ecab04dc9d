// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Answer to SELECT: 6F { 84 AID, A5 { C1 profile version, C2 BIN‖IEP, C3 DEXP, C4 ALG, C5 VKP,
/// C6 VKL } }. What else a card says in it is passed over.
package struct SelectAnswer: Equatable, Sendable {
    package let card: CardIdentifier
    package let expiry: CardDate
    package let algorithm: CardAlgorithm
    package let purchaseKeyVersion: UInt8
    package let loadKeyVersion: UInt8

    private static let profileVersion: UInt8 = 1

    package init(
        card: CardIdentifier,
        expiry: CardDate,
        algorithm: CardAlgorithm,
        purchaseKeyVersion: UInt8,
        loadKeyVersion: UInt8
    ) {
        self.card = card
        self.expiry = expiry
        self.algorithm = algorithm
        self.purchaseKeyVersion = purchaseKeyVersion
        self.loadKeyVersion = loadKeyVersion
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        let outer = try Self.value(0x6F, in: TLV.parse(bytes))
        let objects = try TLV.parse(Self.value(0xA5, in: TLV.parse(outer)))
        guard try Self.value(0xC1, in: objects) == [Self.profileVersion] else {
            throw WireFailure(path: "SELECT, answer: profile version", problem: .invalid)
        }
        var elements: [UInt8] = []
        for (tag, count) in [(UInt16(0xC2), 8), (0xC3, 3), (0xC4, 1), (0xC5, 1), (0xC6, 1)] {
            let value = try Self.value(tag, in: objects)
            guard value.count == count else {
                throw WireFailure(path: "SELECT, answer: length", problem: .invalid)
            }
            elements += value
        }
        var reader = ByteReader(elements, of: "SELECT, answer")
        card = try reader.card()
        expiry = try reader.expiry()
        algorithm = try reader.value("ALG", bytes: 1) { CardAlgorithm(rawValue: UInt8($0)) }
        purchaseKeyVersion = try reader.byte("VKP")
        loadKeyVersion = try reader.byte("VKL")
        try reader.end()
    }

    package var bytes: [UInt8] {
        TLV(
            0x6F,
            [
                TLV(0x84, PurseCommand.application),
                TLV(
                    0xA5,
                    [
                        TLV(0xC1, [Self.profileVersion]), TLV(0xC2, card.bytes),
                        TLV(0xC3, Array(expiry.bcd.bigEndianBytes.dropFirst())),
                        TLV(0xC4, [algorithm.rawValue]), TLV(0xC5, [purchaseKeyVersion]),
                        TLV(0xC6, [loadKeyVersion]),
                    ]
                ),
            ]
        ).bytes
    }

    private static func value(_ tag: UInt16, in objects: [TLV]) throws(WireFailure) -> [UInt8] {
        guard let object = objects.first(where: { $0.tag == tag }) else {
            throw WireFailure(path: "SELECT, answer: tag", problem: .truncated)
        }
        return object.value
    }
}
