// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import ClientCode
import Kernel
import LoadServer
import OPALServer
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// S1, S2 and S3 that are wrong, and commands in another place.
@Suite struct SignatureTests {
    /// Asks for a load with what a card said, changed.
    private func request(
        in world: LoadWorld,
        _ change: (InitializeLoadAnswer) -> InitializeLoadAnswer
    ) async throws -> LoadMessage {
        let page = try await world.begin(2_500)
        let load = try await ClientCode(world.reader()).load(page.terms.request, at: world.now)
        let changed = CardLoad(request: load.request, answer: change(load.answer))
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        let request = LoadRequest(
            terms: page.terms,
            proof: page.proof,
            sealed: try await session.sealLoad(changed.bytes)
        )
        let answer = await world.desk.answer(
            LoadMessage.loadRequest(request).bytes,
            from: LoadWorld.opalServer
        )
        return try LoadMessage(answer)
    }

    @Test func `a wrong S1, or an element that it covers, gets no S2`() async throws {
        let world = try await LoadWorld()
        let changes: [(InitializeLoadAnswer) -> InitializeLoadAnswer] = [
            { $0.with(signature: Signature(bits: $0.signature.bits ^ 1)) },
            { $0.with(balance: LoadWorld.euros(0)) },
            { $0.with(balanceMax: $0.balanceMax + 1) },
            { $0.with(number: $0.number + 1) },
            { $0.with(random: $0.random ^ 1) },
        ]
        for change in changes {
            guard case .refusal(_, .cardSignatureWrong) = try await request(in: world, change)
            else {
                Issue.record("a wrong S1 was taken")
                continue
            }
        }
        guard case .loadCommand = try await request(in: world, { $0 }) else {
            Issue.record("the right S1 was not taken")
            return
        }
    }

    @Test func `a wrong S2 loads nothing, counts as a wrong signature, and the hold ends`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        let forger = try world.keys.session(for: page.terms, page.proof)
        world.link.plan.script(
            .alterResponse { bytes in
                guard case .loadCommand(let transaction, let sealed) = try? LoadMessage(bytes),
                    let opened = try? await session.openCommand(sealed),
                    let command = try? CreditIEP(opened),
                    let again = try? await forger.sealCommand(command.forged.bytes)
                else { return [] }
                return LoadMessage.loadCommand(transaction, sealed: again).bytes
            }
        )
        let outcome = await world.load(page)
        #expect(outcome.refusal == .loadServerSignatureWrong)
        #expect(try await world.describe().wrongSignatures == 1)
        let view = try await world.bring(outcome, page)
        #expect(view.state == .released)
        #expect(view.reason == .loadServerSignatureWrong)
        try await world.expectSound(loaded: 0)
    }

    @Test func `an amount that was changed in the command makes S2 wrong or is put back`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        let forger = try world.keys.session(for: page.terms, page.proof)
        world.link.plan.script(
            .alterResponse { bytes in
                guard case .loadCommand(let transaction, let sealed) = try? LoadMessage(bytes),
                    let opened = try? await session.openCommand(sealed),
                    let command = try? CreditIEP(opened),
                    let again = try? await forger.sealCommand(
                        CreditIEP(
                            completion: command.completion,
                            transaction: command.transaction,
                            minorUnits: 9_999,
                            signature: command.signature
                        ).bytes
                    )
                else { return [] }
                return LoadMessage.loadCommand(transaction, sealed: again).bytes
            }
        )
        #expect(await world.load(page).isLoaded)
        #expect(try await world.balance() == 3_500, "as much as was asked for")
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a wrong S3 ends nothing, the right one does`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let session = try world.keys.session(for: page.terms, page.proof)
        let card = CreditSealer().session(page.sessionKey, page.terms.transaction)
        world.link.plan.script(
            .alterRequest { bytes in
                guard case .loadResponse(let transaction, let sealed) = try? LoadMessage(bytes),
                    let opened = try? await session.openResponse(sealed),
                    let response = try? ResponseAPDU(opened),
                    let answer = try? CreditAnswer(response.data),
                    let again = try? await card.sealResponse(
                        ResponseAPDU(data: answer.forged.bytes, status: .done).bytes
                    )
                else { return [] }
                return LoadMessage.loadResponse(transaction, sealed: again).bytes
            },
            at: 2
        )
        let outcome = await world.load(page)
        #expect(outcome.isLoaded, "the card has its value")
        #expect(outcome.forBank.isEmpty, "the load server does not believe it yet")
        #expect(try await world.desk.openLoads(limit: 10).count == 1)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a command that was used, or is for another card, credits nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        _ = await world.load(page)
        let exchange = try #require(world.link.exchanges.first { $0.request[1] == 0x11 })
        guard case .loadCommand(_, let sealed) = try LoadMessage(exchange.response.get()) else {
            Issue.record("there is no command")
            return
        }
        let command = try CreditIEP(try await session.openCommand(sealed))
        for card in 0..<2 {
            let reader = world.reader(card)
            // Without a request before it, and behind a new one for the same transaction.
            #expect(try await reader.send(.credit(command)).status == .conditionsNotSatisfied)
            let begun = try await reader.send(.initializeLoad(page.terms.request))
            #expect(begun.status == .done)
            #expect(try await reader.send(.credit(command)).status == .signatureWrong)
        }
        #expect(try await world.balance(0) == 3_500)
        #expect(try await world.balance(1) == 2_000)
        try await world.expectSound(loaded: 2_500)
    }
}
