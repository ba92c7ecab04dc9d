// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import ClientCode
import Kernel
import LoadServer
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// The negative result (FIG. 18, steps 882 and following): truly not loaded, or loaded though the
/// result said otherwise.
@Suite struct NegativeResultTests {
    /// Has something happen between S2 and the card.
    private func afterCommand(
        in world: LoadWorld,
        _ happen: @escaping @Sendable () async -> Void
    ) {
        world.link.plan.script(
            .alterResponse { bytes in
                await happen()
                return bytes
            }
        )
    }

    private func kinds(_ page: LoadPage, in world: LoadWorld) async throws
        -> [AuthorizationStep.Kind]
    {
        try await world.desk.journal(of: page.terms.transaction).map(\.kind)
    }

    // MARK: Truly not loaded

    @Test func `a card that declined proves it with its unchanged counter, and the hold ends`()
        async throws
    {
        let world = try await LoadWorld([])
        try await world.addCard(1_000, validMonths: 1)
        // The last minute of the card; the clock of the bank is a minute ahead.
        let last = try await world.describe().expiry.lastSecond
        world.clock.advance(by: last.since(world.now) - .seconds(20))
        let inquiry = try await world.inquire()
        let transaction = try await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now.adding(.seconds(60))
        )
        let page = try await world.page(of: transaction)
        let outcome = await world.load(page)
        #expect(outcome.refusal == .cardExpired)
        let record = try await world.record(of: page)
        #expect(record.answer?.completion == .cardExpired, "with the card's S3")
        let negative = try #require(try await world.authorization(of: page).negative)
        #expect(negative.answer == record.answer)
        #expect(negative.denial == nil, "its counter is unchanged")
        let view = try await world.bring(outcome, page)
        #expect(view.state == .released)
        #expect(view.reason == .cardExpired)
        #expect(try await kinds(page, in: world) == [.requested, .authorized, .notLoaded])
        try await world.expectSound(loaded: 0)
    }

    @Test func `value that comes back to the card meanwhile disturbs the load, and it is proved`()
        async throws
    {
        let world = try await LoadWorld()
        let spent = try await world.spend(300)
        let page = try await world.begin(LoadWorld.balanceMax - 700)
        // The counter stays, the room does not.
        afterCommand(in: world) { try? await world.recover(spent) }
        let outcome = await world.load(page)
        #expect(outcome.refusal == .cardChanged)
        let negative = try #require(try await world.authorization(of: page).negative)
        #expect(negative.zeroAnswer?.balance == LoadWorld.euros(1_000))
        #expect(negative.denial == nil, "its counter is unchanged")
        #expect(try await world.bring(outcome, page).state == .released)
        let cards = try await world.cardReport()
        #expect(cards.findings.isEmpty)
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a card that was not asked for long proves it, and the hold ends`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.opalStore.commits.script(.refuse(.diskFull), at: 2)
        let outcome = await world.load(page)
        #expect(outcome.refusal == .storeUnavailable)
        #expect(try await world.bring(outcome, page).state == .released)
        #expect(try await kinds(page, in: world) == [.requested, .authorized, .notLoaded])
        try await world.expectSound(loaded: 0)
    }

    @Test func `a card that paid meanwhile denies the load, and the hold ends`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        afterCommand(in: world) { _ = try? await world.spend(150) }
        let outcome = await world.load(page)
        #expect(outcome.refusal == .cardChanged)
        #expect(try await world.balance() == 850)
        let negative = try #require(try await world.authorization(of: page).negative)
        #expect(negative.zeroAnswer?.number == (negative.load?.answer.number ?? 0) + 1)
        #expect(negative.denial != nil)
        #expect(try await world.bring(outcome, page).state == .released)
        #expect(try await kinds(page, in: world) == [.requested, .authorized, .notLoaded])
        try await world.expectSound(loaded: 0)
    }

    @Test func `a card that paid several times and was loaded meanwhile denies that load alone`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let other = try await world.begin(700)
        afterCommand(in: world) {
            _ = await world.load(other)
            _ = try? await world.spend(150)
            _ = try? await world.spend(20)
        }
        let outcome = await world.load(page)
        #expect(outcome.refusal == .cardChanged)
        #expect(try await world.balance() == 1_530)
        #expect(try await world.bring(outcome, page).state == .released)
        try await world.expectSound(loaded: 700)
    }

    @Test func `a card that was blocked meanwhile declines, denies, and the hold ends`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        afterCommand(in: world) { try? await world.setBlocked(true) }
        let outcome = await world.load(page)
        #expect(outcome.receipt != nil)
        #expect(try await world.bring(outcome, page).state == .released)
        let negative = try #require(try await world.authorization(of: page).negative)
        #expect(negative.zeroAnswer == nil, "a blocked card is not asked to be loaded")
        #expect(negative.denial != nil)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a load that the load server never saw is ended there, and comes too late then`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(.late, forNext: 2)
        let outcome = await world.load(page)
        #expect(outcome.refusal == .loadServerSilent)
        await world.link.deliverLate()
        #expect(try await kinds(page, in: world) == [.declined])
        #expect(try await world.bring(outcome, page).state == .released)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a credit that was under way does not happen once the load is given up`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        // The command takes so long that the next round gives the load up.
        afterCommand(in: world) { await world.loads.settleOpenLoads(olderThan: .zero) }
        let outcome = await world.load(page)
        #expect(outcome.refusal == .notCredited)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.bring(outcome, page).state == .released)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a round that comes after the credit leaves it as it is`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(
            .alterRequest { bytes in
                await world.loads.settleOpenLoads(olderThan: .zero)
                return bytes
            },
            at: 2
        )
        #expect(await world.load(page).isLoaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `loads under way are left alone until they are old`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        afterCommand(in: world) { await world.loads.settleOpenLoads(olderThan: .seconds(45)) }
        #expect(await world.load(page).isLoaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `time alone ends no load whose S2 was issued`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        // The command is lost, and with it the OPAL server for a year.
        world.link.plan.script(.dropResponse, forNext: 2)
        world.opalStore.commits.script(.refuse(.locked), at: 2)
        _ = await world.load(page)
        world.link.plan.script(.refuse(.notSent), forNext: 100)
        for _ in 0..<4 {
            world.clock.advance(by: .seconds(90 * 24 * 60 * 60))
            let round = try await world.bank.settleOpen(now: world.now)
            #expect(round.stillOpen == 1)
            world.restartLoadServer()
            world.restartBank()
        }
        #expect(try await world.state(page) == .held)
        try await world.expectSound(loaded: 0)
        #expect(try await world.state(page) == .released)
    }

    // MARK: Loaded though the result said otherwise

    /// An OPAL server that says after the credit that there was none.
    private func lie(
        in world: LoadWorld,
        _ page: LoadPage,
        _ change: (CardLoad, InitializeLoadAnswer) async throws -> NegativeResponse
    ) async throws -> LoadMessage {
        let record = try await world.record(of: page)
        let zero = try await ClientCode(world.reader()).zeroLoad(after: record.load.request)
        let negative = try await change(record.load, zero)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        let request = LoadRequest(
            terms: page.terms,
            proof: page.proof,
            sealed: try await session.sealNegative(negative.bytes)
        )
        let answer = await world.desk.answer(
            LoadMessage.negativeResponse(request).bytes,
            from: LoadWorld.opalServer
        )
        return try LoadMessage(answer)
    }

    /// A load whose card was credited, and whose response nobody has seen.
    private func credited(in world: LoadWorld) async throws -> LoadPage {
        let page = try await world.begin(2_500)
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.load(page).isLoaded)
        return page
    }

    @Test func `a card that was loaded counts as loaded, whatever the OPAL server says`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await credited(in: world)
        let message = try await lie(in: world, page) { load, zero in
            NegativeResponse(reason: .notCredited, load: load, zeroAnswer: zero)
        }
        guard case .loadResult(_, _, let forBank) = message else {
            Issue.record("\(message)")
            return
        }
        let view = try await world.bank.receive(
            result: forBank,
            of: page.terms.transaction,
            now: world.now
        )
        #expect(view.state == .loaded)
        #expect(view.reason == nil)
        #expect(try await kinds(page, in: world) == [.requested, .authorized, .disproved])
        #expect(try await world.loadReport().disproved == [page.terms.transaction])
        #expect(try await world.pool() == 2_500)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `it counts as loaded also after the card has paid`() async throws {
        let world = try await LoadWorld()
        let page = try await credited(in: world)
        try await world.spend(150)
        let message = try await lie(in: world, page) { load, zero in
            NegativeResponse(reason: .notCredited, load: load, zeroAnswer: zero)
        }
        guard case .loadResult = message else {
            Issue.record("\(message)")
            return
        }
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a card that was loaded never denies it`() async throws {
        let world = try await LoadWorld()
        let page = try await credited(in: world)
        let record = try await world.record(of: page)
        #expect(try await world.emulator.deny(record.load) == nil)
        try await world.spend(150)
        #expect(try await world.emulator.deny(record.load) == nil)
    }

    @Test func `a card denies only what it asked for itself`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let load = try await ClientCode(world.reader()).load(page.terms.request, at: world.now)
        #expect(try await world.emulator.deny(load) == nil, "it can still be loaded")
        try await world.spend(150)
        #expect(try await world.emulator.deny(load) != nil)
        let forged = CardLoad(
            request: load.request,
            answer: load.answer.with(number: load.answer.number - 1)
        )
        await #expect(throws: EmulatorFailure.module(.sealBroken)) {
            try await world.emulator.deny(forged)
        }
    }

    /// What proves nothing.
    enum Lie: CaseIterable, CustomTestStringConvertible {
        case noProof, otherLoad, done, wrongAnswer, wrongZero, smallerNumber, otherCard, wrongDenial

        var testDescription: String { "\(self)" }

        var expected: LoadRefusal {
            switch self {
            case .noProof, .otherLoad, .done: .notProved
            default: .cardSignatureWrong
            }
        }

        func response(
            _ load: CardLoad,
            _ zero: InitializeLoadAnswer,
            in world: LoadWorld
        ) async throws -> NegativeResponse {
            let record = try await world.onlyRecord()
            let answer = try #require(record.answer)
            switch self {
            case .noProof: return NegativeResponse(reason: .notCredited, load: load)
            case .otherLoad:
                let other = CardLoad(request: load.request.zeroRequest, answer: zero)
                return NegativeResponse(reason: .notCredited, load: other, zeroAnswer: zero)
            case .done:
                return NegativeResponse(
                    reason: .notCredited,
                    load: load,
                    answer: answer,
                    zeroAnswer: zero
                )
            case .wrongAnswer:
                let declined = CreditAnswer(
                    completion: .cardBlocked,
                    number: answer.number,
                    balance: answer.balance,
                    signature: answer.signature
                )
                return NegativeResponse(
                    reason: .notCredited,
                    load: load,
                    answer: declined,
                    zeroAnswer: zero
                )
            case .wrongZero:
                let wrong = zero.with(signature: Signature(bits: zero.signature.bits ^ 1))
                return NegativeResponse(reason: .notCredited, load: load, zeroAnswer: wrong)
            case .smallerNumber:
                // The card's own answer from before the load, as if its counter went back.
                let wrong = zero.with(number: load.answer.number)
                return NegativeResponse(reason: .notCredited, load: load, zeroAnswer: wrong)
            case .otherCard:
                let client = ClientCode(world.reader(1))
                let other = try await client.zeroLoad(after: load.request)
                return NegativeResponse(reason: .notCredited, load: load, zeroAnswer: other)
            case .wrongDenial:
                return NegativeResponse(
                    reason: .notCredited,
                    load: load,
                    zeroAnswer: zero,
                    denial: Signature(bits: 1)
                )
            }
        }
    }

    @Test(arguments: Lie.allCases)
    func `what proves nothing leaves the load open, and the truth ends it`(
        _ lie: Lie
    ) async throws {
        let world = try await LoadWorld()
        let page = try await credited(in: world)
        let message = try await self.lie(in: world, page) { load, zero in
            try await lie.response(load, zero, in: world)
        }
        #expect(message == .refusal(page.terms.transaction, lie.expected))
        #expect(try await world.authorization(of: page).state == .authorized)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a response without S3 is no response`() async throws {
        let world = try await LoadWorld()
        let page = try await credited(in: world)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        for response in [
            ResponseAPDU(status: .signatureWrong), ResponseAPDU(data: [1], status: .done),
        ] {
            let message = LoadMessage.loadResponse(
                page.terms.transaction,
                sealed: try await session.sealResponse(response.bytes)
            )
            let answer = await world.desk.answer(message.bytes, from: LoadWorld.opalServer)
            #expect(
                try LoadMessage(answer) == .refusal(page.terms.transaction, .notProved)
            )
        }
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a load that ended answers the same to whatever comes again`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.opalStore.commits.script(.refuse(.diskFull), at: 2)
        let outcome = await world.load(page)
        #expect(outcome.refusal == .storeUnavailable)
        let negative = try #require(world.link.exchanges.last)
        #expect(negative.request[1] == 0x14)
        for _ in 0..<2 {
            let answer = await world.desk.answer(negative.request, from: LoadWorld.opalServer)
            #expect(try answer == negative.response.get())
        }
    }

    @Test func `the bank that asked first and the OPAL server hear the same`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.clock.advance(by: LoadLimits.loadTime + .seconds(1))
        let view = try await world.bank.ask(about: page.terms.transaction, now: world.now)
        #expect(view.state == .released)
        #expect(view.reason == .loadTooOld)
        let outcome = await world.loads.decline(page, for: world.cards[0])
        #expect(try await world.bring(outcome, page) == view)
        #expect(try await kinds(page, in: world) == [.overdue])
        try await world.expectSound(loaded: 0)
    }
}

extension LoadWorld {
    /// The OPAL server's record of a load.
    func record(of page: LoadPage) async throws -> LoadRecord {
        let stored = try #require(
            try await opalStore.inner.read(LoadRecord.key(page.terms.transaction))
        )
        return try await loads.open(stored).load
    }

    /// The only one that is open.
    func onlyRecord() async throws -> LoadRecord {
        try #require(try await loads.openLoads(limit: 1).first?.load)
    }

    /// The load server's record of a load.
    func authorization(of page: LoadPage) async throws -> AuthorizationRecord {
        let stored = try #require(
            try await loadStore.inner.read(AuthorizationRecord.key(page.terms.transaction))
        )
        return try await desk.open(stored).record
    }
}

extension CardDate {
    /// The last second of this day, UTC.
    var lastSecond: Instant {
        guard let time = CardTime(bcd: 0x20 << 48 | UInt64(bcd) << 24 | 0x23_5959) else {
            preconditionFailure("A day has a last second.")
        }
        return time.instant
    }
}
