// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityModule
import Testing
import Wire

/// An acquirer's security cards sign with another KB than before.
@Suite struct BatchKeyRollOverTests {
    private let keys = (
        CMACKey(SymmetricKey(size: .bits256)), CMACKey(SymmetricKey(size: .bits256))
    )

    private func signed(_ key: CMACKey) throws -> BatchHeader {
        try Batch(sales: 2).header.signed(with: key)
    }

    @Test func `what is signed with either one is genuine`() async throws {
        let checking = BatchKeys([acquirer: [keys.0, keys.1]])
        #expect(try await checking.isGenuine(try signed(keys.0)))
        #expect(try await checking.isGenuine(try signed(keys.1)))
        let other = CMACKey(SymmetricKey(size: .bits256))
        #expect(try await !checking.isGenuine(try signed(other)))
    }

    @Test func `once the old one is not used any more, it signs nothing new`() async throws {
        let checking = BatchKeys([acquirer: [keys.0, keys.1]])
        checking.use([acquirer: [keys.1]])
        #expect(try await !checking.isGenuine(try signed(keys.0)))
        #expect(try await checking.isGenuine(try signed(keys.1)))
        checking.use([acquirer: []])
        #expect(try await !checking.isGenuine(try signed(keys.1)))
    }

    @Test func `a clearing house refuses what a retired key has signed, until it is taken again`()
        async throws
    {
        let checking = BatchKeys([acquirer: [keys.1]])
        let house = PlayedClearingHouse(checking)
        let header = try signed(keys.0)
        let offer = CollectionMessage.offer(header).bytes
        let refused = await house.answer(offer, from: "concentration-point")
        #expect(try CollectionMessage(refused) == .refused(header.name, .signatureWrong))
        checking.use([acquirer: [keys.0, keys.1]])
        let taken = await house.answer(offer, from: "concentration-point")
        #expect(try CollectionMessage(taken) == .wanted(header.name, from: 1))
    }

    @Test func `an acquirer without a key is another matter than a wrong signature`() async throws {
        let header = try signed(keys.0)
        await #expect(throws: ModuleFailure.keyUnknown) {
            try await BatchKeys([:]).isGenuine(header)
        }
    }
}
