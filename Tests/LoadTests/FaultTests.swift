// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Lost, doubled and late messages, stores that fail or do not say what they did, and parties that
/// are started again, at each step.
@Suite struct FaultTests {
    // MARK: Messages

    /// What happens to one message between OPAL server and load server.
    enum Loss: CaseIterable, CustomTestStringConvertible {
        case refused, requestLost, responseLost, doubled, late, requestDamaged, responseDamaged

        var testDescription: String { "\(self)" }

        var fault: FaultyLink.Fault {
            switch self {
            case .refused: .refuse(.notSent)
            case .requestLost: .dropRequest
            case .responseLost: .dropResponse
            case .doubled: .duplicate
            case .late: .late
            case .requestDamaged: .alterRequestBit(3_001)
            case .responseDamaged: .alterResponseBit(901)
            }
        }
    }

    @Test(arguments: Loss.allCases, 1...4)
    func `one message that is lost loses nothing`(_ loss: Loss, _ number: Int) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(loss.fault, at: number)
        let outcome = await world.load(page)
        await world.link.deliverLate()
        #expect(!outcome.isPending)
        if !outcome.forBank.isEmpty { try await world.bring(outcome, page) }
        try await world.expectSound(loaded: outcome.isLoaded ? 2_500 : 0)
        #expect(await world.load(page).isLoaded == outcome.isLoaded, "told is told")
    }

    @Test(arguments: Loss.allCases, 1...3)
    func `a whole series that is lost loses nothing`(_ loss: Loss, _ first: Int) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        for number in first..<first + 4 { world.link.plan.script(loss.fault, at: number) }
        let outcome = await world.load(page)
        await world.link.deliverLate()
        try await world.expectSound(loaded: outcome.isLoaded ? 2_500 : 0)
        #expect(await world.load(page).isLoaded == outcome.isLoaded, "told is told")
    }

    @Test func `a request that comes after one that was damaged finds the load ended`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(.late, at: 1)
        world.link.plan.script(
            .alterRequest { $0.dropLast() + [$0[$0.count - 1] ^ 1] },
            at: 2
        )
        let outcome = await world.load(page)
        #expect(outcome.refusal == .loadForged)
        await world.link.deliverLate()
        #expect(try await world.bring(outcome, page).state == .released)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a result that never arrives is asked for, and the hold ends once`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        // The browser was closed.
        #expect(try await world.state(page) == .held)
        #expect(try await world.bank.settleOpen(now: world.now).ended.isEmpty, "not at once")
        world.clock.advance(by: BankLimits.askAfter + .seconds(1))
        let round = try await world.bank.settleOpen(now: world.now)
        #expect(round.ended.map(\.state) == [.loaded])
        #expect(try await world.bring(outcome, page).state == .loaded, "it comes after all")
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a bank whose question is lost asks again`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        _ = await world.load(page)
        world.bankLink.plan.script(.dropResponse)
        await #expect(throws: BankFailure.loadServerSilent(.timedOut)) {
            try await world.bank.ask(about: page.terms.transaction, now: world.now)
        }
        world.bankLink.plan.script(.alterResponseBit(90))
        _ = try? await world.bank.ask(about: page.terms.transaction, now: world.now)
        let view = try await world.bank.ask(about: page.terms.transaction, now: world.now)
        #expect(view.state == .loaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a load that has not come yet stays held until it no longer can`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.clock.advance(by: LoadLimits.loadTime)
        let view = try await world.bank.ask(about: page.terms.transaction, now: world.now)
        #expect(view.state == .held)
        #expect(await world.load(page).isLoaded, "the last moment")
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a round of the bank ends early where the load server is silent`() async throws {
        let world = try await LoadWorld([0, 0, 0, 0, 0])
        for card in 0..<5 { _ = try await world.begin(500, card) }
        world.clock.advance(by: BankLimits.askAfter + .seconds(1))
        world.bankLink.plan.script(.dropRequest, forNext: 100)
        let round = try await world.bank.settleOpen(now: world.now)
        #expect(round.failed.count == BankLimits.silencesMax)
        #expect(round.next != nil)
        let next = try await world.bank.settleOpen(now: world.now, after: round.next)
        #expect(next.failed.count == 2)
        #expect(next.next == nil)
        try await world.expectSound(loaded: 0)
    }

    // MARK: Stores

    enum Party: CaseIterable, CustomTestStringConvertible {
        case opalServer, loadServer, bank

        var testDescription: String { "\(self)" }

        func store(in world: LoadWorld) -> FaultyStore {
            switch self {
            case .opalServer: world.opalStore
            case .loadServer: world.loadStore
            case .bank: world.bankStore
            }
        }

        func restart(in world: LoadWorld) {
            switch self {
            case .opalServer: world.restartOPALServer()
            case .loadServer: world.restartLoadServer()
            case .bank: world.restartBank()
            }
        }
    }

    /// The whole way of a person, who comes back with the same page where something failed.
    private func persist(_ page: LoadPage, in world: LoadWorld) async throws -> CardLoadOutcome {
        var outcome = await world.load(page)
        for _ in 0..<3 where !outcome.isLoaded { outcome = await world.load(page) }
        if !outcome.forBank.isEmpty { _ = try? await world.bring(outcome, page) }
        return outcome
    }

    @Test(arguments: [Party.opalServer, .loadServer], 1...3)
    func `a commit that fails loses nothing`(_ party: Party, _ number: Int) async throws {
        for failure in [StoreFailure.diskFull, .locked, .unavailable("a fault")] {
            let world = try await LoadWorld()
            let page = try await world.begin(2_500)
            party.store(in: world).commits.script(.refuse(failure), at: number)
            let outcome = try await persist(page, in: world)
            try await world.expectSound(loaded: outcome.isLoaded ? 2_500 : 0)
        }
    }

    @Test(arguments: [Party.opalServer, .loadServer], 1...3)
    func `a commit that is made without an answer loses nothing`(
        _ party: Party,
        _ number: Int
    ) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        party.store(in: world).commits.script(.loseAnswer, at: number)
        let outcome = try await persist(page, in: world)
        try await world.expectSound(loaded: outcome.isLoaded ? 2_500 : 0)
    }

    @Test(arguments: [Party.opalServer, .loadServer], 1...3)
    func `a conflict loses nothing`(_ party: Party, _ number: Int) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        party.store(in: world).commits.script(.conflict, at: number)
        let outcome = try await persist(page, in: world)
        try await world.expectSound(loaded: outcome.isLoaded ? 2_500 : 0)
    }

    @Test func `a credit of which nobody knows is pending, then loaded`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.opalStore.commits.script(.loseAnswer, at: 2)
        for number in 3...12 {
            world.opalStore.reads.script(.unavailable("a fault"), at: number)
        }
        #expect(await world.load(page).isPending)
        world.clearFaults()
        #expect(await world.load(page).isLoaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a credit that did not happen though nobody knew ends as not loaded`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.opalStore.commits.script(.refuse(.unavailable("a fault")), at: 2)
        for number in 3...12 {
            world.opalStore.reads.script(.unavailable("a fault"), at: number)
        }
        #expect(await world.load(page).isPending)
        try await world.expectSound(loaded: 0)
        #expect(await world.load(page).refusal == .notCredited)
    }

    @Test func `a bank that cannot store the hold has no load`() async throws {
        for failure in [StoreFailure.diskFull, .locked, .unavailable("a fault")] {
            let world = try await LoadWorld()
            let inquiry = try await world.inquire()
            world.bankStore.commits.script(.refuse(failure))
            await #expect(throws: BankFailure.store(failure)) {
                try await world.bank.begin(
                    2_500,
                    from: world.account,
                    with: inquiry,
                    now: world.now
                )
            }
            try await world.expectSound(loaded: 0)
        }
    }

    @Test func `a hold that was stored without an answer is found again`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        world.bankStore.commits.script(.loseAnswer)
        _ = try? await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now
        )
        let transaction = try await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now
        )
        let page = try await world.page(of: transaction)
        try await world.bring(await world.load(page), page)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a bank that cannot store the end pays once all the same`() async throws {
        for fault in [
            FaultyStore.Fault.refuse(.diskFull), .refuse(.unavailable("a fault")), .loseAnswer,
            .conflict,
        ] {
            let world = try await LoadWorld()
            let page = try await world.begin(2_500)
            let outcome = await world.load(page)
            world.bankStore.commits.script(fault)
            _ = try? await world.bring(outcome, page)
            #expect(try await world.bring(outcome, page).state == .loaded)
            try await world.expectSound(loaded: 2_500)
        }
    }

    @Test func `a result in two tabs pays once`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        try await withThrowingTaskGroup(of: HoldState.self) { group in
            for _ in 0..<8 {
                group.addTask { try await world.bring(outcome, page).state }
            }
            for try await state in group { #expect(state == .loaded) }
        }
        try await world.expectSound(loaded: 2_500)
    }

    // MARK: Restarts

    /// Between which steps of a load.
    enum Moment: CaseIterable, CustomTestStringConvertible {
        case beforeRequest, afterRequest, beforeResponse, afterResponse

        var testDescription: String { "\(self)" }

        func script(_ world: LoadWorld, _ happen: @escaping @Sendable () async -> Void) {
            let change: FaultyLink.Alteration = { bytes in
                await happen()
                return bytes
            }
            switch self {
            case .beforeRequest: world.link.plan.script(.alterRequest(change), at: 1)
            case .afterRequest: world.link.plan.script(.alterResponse(change), at: 1)
            case .beforeResponse: world.link.plan.script(.alterRequest(change), at: 2)
            case .afterResponse: world.link.plan.script(.alterResponse(change), at: 2)
            }
        }
    }

    @Test(arguments: Party.allCases, Moment.allCases)
    func `a party that is started again in a load goes on with it`(
        _ party: Party,
        _ moment: Moment
    ) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        moment.script(world) { party.restart(in: world) }
        let outcome = await world.load(page)
        #expect(outcome.isLoaded)
        party.restart(in: world)
        try await world.bring(outcome, page)
        party.restart(in: world)
        #expect(try await world.bring(outcome, page).state == .loaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test(arguments: Moment.allCases)
    func `an OPAL server that stops in a load and is started again loses nothing`(
        _ moment: Moment
    ) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        // A stopped server neither sends nor hears nor stores anything more.
        let (number, fault): (Int, FaultyLink.Fault) =
            switch moment {
            case .beforeRequest: (1, .dropRequest)
            case .afterRequest: (1, .dropResponse)
            case .beforeResponse: (2, .dropRequest)
            case .afterResponse: (2, .dropResponse)
            }
        for number in number..<number + 6 { world.link.plan.script(fault, at: number) }
        let isCredited = moment == .beforeResponse || moment == .afterResponse
        for commit in (isCredited ? 3 : 2)..<12 {
            world.opalStore.commits.script(.refuse(.locked), at: commit)
        }
        _ = await world.load(page)
        world.clearFaults()
        world.restartOPALServer()
        await world.loads.settleOpenLoads(olderThan: .zero)
        let view = try await world.bank.ask(about: page.terms.transaction, now: world.now)
        #expect(view.state == (isCredited ? .loaded : .released))
        try await world.expectSound(loaded: isCredited ? 2_500 : 0)
    }

    @Test func `all parties are started again after each step`() async throws {
        let world = try await LoadWorld()
        func restart() {
            for party in Party.allCases { party.restart(in: world) }
        }
        let inquiry = try await world.inquire()
        restart()
        let transaction = try await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now
        )
        restart()
        let page = try await world.page(of: transaction)
        world.link.plan.script(.dropResponse, at: 2)
        #expect(await world.load(page).forBank.isEmpty)
        restart()
        let outcome = await world.load(page)
        restart()
        #expect(try await world.bring(outcome, page).state == .loaded)
        restart()
        try await world.expectSound(loaded: 2_500)
    }
}
