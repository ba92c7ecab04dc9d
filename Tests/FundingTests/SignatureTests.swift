// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import SecurityModule
import Simulation
import Testing
import Wire

/// S1, S2 or S3 of a load from an account is wrong: nothing is credited, nothing charged.
@Suite struct SignatureTests {
    @Test(arguments: WrongLoadModule.Fault.allCases)
    func `A wrong signature credits nothing, charges nothing and is told`(
        _ fault: WrongLoadModule.Fault
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let server = world.start(on: world.store, world.link, wrong(fault, world))
        let request = world.request(by: anna)
        #expect(await server.loads.begin(request).refusal == fault.refusal)
        try await expectNothing(request, anna, world)
        // The same is told again, and nothing is tried.
        #expect(await world.server.loads.begin(request).refusal == fault.refusal)
        try await expectNothing(request, anna, world)
        try await world.expectSound()
    }

    @Test(arguments: WrongLoadModule.Fault.allCases)
    func `Of a load that was pending it is told by mail`(
        _ fault: WrongLoadModule.Fault
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.forgetMails()
        let server = world.start(on: world.store, world.link, wrong(fault, world))
        let request = world.request(by: anna)
        world.link.plan.script(.dropResponse, forNext: 2)
        #expect(await server.loads.begin(request).isPending)
        #expect(await server.loads.settleOpen(olderThan: .zero) == 1)
        try await expectNothing(request, anna, world)
        let mails = try await world.mails(to: anna.email)
        #expect(mails.count == 1)
        #expect(mails.allSatisfy { $0.body.contains("Reason:       a fault of ours") })
        #expect(mails.allSatisfy { $0.body.contains("your account is\nnot charged") })
        try await world.expectSound()
    }

    @Test(arguments: WrongLoadModule.Fault.allCases)
    func `The card is loaded afterwards, where the signatures are right again`(
        _ fault: WrongLoadModule.Fault
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let server = world.start(on: world.store, world.link, wrong(fault, world))
        _ = await server.loads.begin(world.request(by: anna))
        #expect(await world.server.loads.begin(world.request(by: anna)).receipt?.balance == 3_500)
        try await world.expectSound()
    }

    private func wrong(
        _ fault: WrongLoadModule.Fault,
        _ world: FundingWorld
    ) -> WrongLoadModule {
        WrongLoadModule(inner: world.loadModule, fault: fault)
    }

    private func expectNothing(
        _ request: AccountLoadRequest,
        _ person: FundingWorld.Person,
        _ world: FundingWorld,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(try await world.balance(person) == 1_000, sourceLocation: place)
        // The value that the card began with.
        #expect(try await world.history(person.card).count == 1, sourceLocation: place)
        #expect(world.gateway.state(request.transaction) == .cancelled, sourceLocation: place)
        #expect(world.gateway.charged == 0 && world.gateway.held == 0, sourceLocation: place)
        let load = try await world.server.loads.read(request.transaction)?.load
        #expect(load?.state == .cancelled, sourceLocation: place)
    }
}

/// A module 864 with which one of the signatures is wrong.
struct WrongLoadModule: LoadModule {
    enum Fault: CaseIterable, Sendable {
        /// It does not take S1.
        case refusesS1
        /// It has no keys of the issuer.
        case lacksKeys
        /// The card does not take its S2.
        case issuesWrongS2
        /// It does not take S3.
        case refusesS3

        var refusal: AccountLoadRefusal {
            self == .issuesWrongS2 ? .loadModuleSignatureWrong : .cardSignatureWrong
        }
    }

    let inner: any LoadModule
    let fault: Fault

    func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP {
        switch fault {
        case .refusesS1: throw .sealBroken
        case .lacksKeys: throw .keyUnknown
        case .issuesWrongS2, .refusesS3: break
        }
        let right = try await inner.authorize(request, answer, completion: completion)
        guard fault == .issuesWrongS2 else { return right }
        return CreditIEP(
            completion: right.completion,
            transaction: right.transaction,
            minorUnits: right.minorUnits,
            signature: Signature(bits: right.signature.bits ^ 1)
        )
    }

    func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        try await inner.confirm(request, answer)
    }

    func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        if fault == .refusesS3 { throw .sealBroken }
        try await inner.verify(answer, to: credit, of: request, initializeAnswer)
    }

    func verify(denial: Signature, of load: CardLoad) async throws(ModuleFailure) {
        try await inner.verify(denial: denial, of: load)
    }
}
