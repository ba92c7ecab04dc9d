// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
import Records
package import SecurityModule

/// Reads member numbers from cards, for proofs of identity: each site gets to know those of its own
/// programmes.
package struct CardMembers: MembershipSource {
    private let programmes: ProgrammeDirectory
    private let emulator: Emulator
    private let module: any CardModule

    package init(programmes: ProgrammeDirectory, emulator: Emulator, module: any CardModule) {
        self.programmes = programmes
        self.emulator = emulator
        self.module = module
    }

    package func memberships(
        of card: CardIdentifier,
        at site: MerchantIdentifier
    ) async throws(Refusal) -> [Membership] {
        do {
            let codes = Set(
                try await programmes.programmes(ofSite: site).map(\.programme.code)
            )
            guard !codes.isEmpty, let sealed = try await emulator.fetch(card) else { return [] }
            return try await module.describe(sealed).memberships
                .filter { codes.contains($0.programme) }
                .sorted { $0.programme.bcd < $1.programme.bcd }
        } catch ModuleFailure.sealBroken {
            throw .cardDamaged
        } catch {
            throw .storeUnavailable
        }
    }
}
