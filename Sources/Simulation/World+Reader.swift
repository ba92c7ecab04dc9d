// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
import Kernel
import Keys
import OPALServer
package import PaymentServer
package import SecurityModule
import SessionKeys
import Wire

// A client terminal with a card in its reader.
extension World {
    /// A card in a reader, as `opal reader attach` puts it there.
    package func reader(_ card: Int = 0) async -> PseudoReader {
        var emulator = Emulator(module: cardModule, store: opalStore, random: random)
        emulator.categories = desk.merchants
        return await World.reader(cards[card], emulator, keys) { [clock] in clock.now }
    }

    static func reader(
        _ card: CardIdentifier,
        _ emulator: Emulator,
        _ keys: WorldKeys,
        now: @escaping @Sendable () -> Instant
    ) async -> PseudoReader {
        let reader = PseudoReader(card, emulator: emulator, isShared: true, now: now)
        await reader.prepare(
            note: "Card reader",
            attachment: ReaderDebit.attachment(
                to: card,
                sealedBy: RecordSealer(keys.hsm, party: "opal_server")
            )
        )
        return reader
    }

    /// What a client terminal has of the session key of an order.
    package var drawKeys: any DrawSealing { DrawSealer() }

    /// Where client terminals come in, whichever payment server runs now.
    package var entryForClientTerminals: ClientTerminalEntry {
        ClientTerminalEntry(to: PresentPaymentServer(world: self))
    }
}

private struct PresentPaymentServer: LinkService {
    let world: World

    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        await world.payments.answer(request, from: peer)
    }
}
