// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
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
        let reader = PseudoReader(
            cards[card],
            emulator: emulator,
            isShared: true,
            now: { [clock] in clock.now }
        )
        await reader.prepare(
            note: "Card reader",
            attachment: ReaderDebit.attachment(
                to: cards[card],
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
