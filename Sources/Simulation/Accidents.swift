// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// Puts faults on the links and stores of a ``World`` by chance, and tells of each.
struct Accidents {
    let world: World
    let story: Story
    let kinds: FaultKinds
    /// One call in so many fails, on each link and each store.
    let oneIn: Int

    /// A store is called much more often than a link.
    private static let storeFactor = 3
    private static let crashFactor = 20
    /// The longest delay of a message, in seconds.
    private static let delayMax = 120
    /// A client terminal does little, and takes the longest over one payment.
    private static let terminalCrashFactor = 4
    /// As the payment server waits for a terminal on another host,
    private static let terminalPatience = Duration.seconds(4)
    /// As long as an answer of the funding network may take at all,
    private static let networkPatience = Duration.seconds(5 * 60)
    /// for a concentrator that waits for a terminal,
    private static let concentratorPatience = Duration.seconds(8)
    /// and a client terminal for the payment server.
    private static let paymentPatience = Duration.seconds(20)

    func prepare(_ generator: inout SplitMix64, _ pace: Pace) {
        for route in world.routes {
            let (link, caller, callee, story) = (route.link, route.caller, route.callee, story)
            link.run(at: pace, patience: Accidents.patience(route)) { fault, request in
                story.add("\(Accidents.name(request, caller, callee, story)) \(fault)")
            }
            var faults = linkFaults(&generator).filter { Accidents.canMeet($0, route) }
            if kinds.contains(.altered) { faults += route.batchFaults(seed: faults.count) }
            let seed = generator.next()
            if !faults.isEmpty { link.plan.chance(faults, oneIn: oneIn, seed: seed) }
        }
        for (party, store) in world.stores { prepare(store, of: party, &generator) }
        prepareCards(&generator)
        prepareLoads(seed: generator.next())
        let story = story
        world.fates.tell { party, moment in
            story.note(.crashed(party.role))
            switch moment {
            case .before: story.add("\(party) crashes before it reads or commits")
            case .after: story.add("\(party) crashes after it has read or committed")
            case nil: story.add("\(party) crashes")
            }
        }
    }

    /// Somebody at the OPAL server says of cards that were credited that they were not.
    private func prepareLoads(seed: UInt64) {
        guard world.loadServer != nil else { return }
        let story = story
        world.loadLiar.tell { transaction in
            story.add("a cheat says that \(story.loads.name(transaction)) was not loaded")
        }
        if kinds.contains(.forged) {
            world.loadLiar.denials.chance([()], oneIn: oneIn, seed: seed)
        }
    }

    private func prepareCards(_ generator: inout SplitMix64) {
        let seeds = (generator.next(), generator.next(), generator.next())
        let (story, cards) = (story, world.cards)
        world.forger.tell { command, card, forgery in
            let index = (cards.firstIndex(of: card) ?? 0) + 1
            story.add(
                "card \(index) answers another \(forgery.word) than its own "
                    + "for \(story.name(command.transaction))"
            )
        }
        if kinds.contains(.forged) {
            world.forger.plan.chance(
                [.signature, .signature, .number, .balance],
                oneIn: oneIn,
                seed: seeds.0
            )
        }
        guard let terminal = world.clientTerminal else { return }
        if kinds.contains(.lost) {
            terminal.removals.chance([.before, .after], oneIn: oneIn * 2, seed: seeds.1)
        }
        if kinds.contains(.crashes) {
            world.fates.crashes[.clientTerminal]?.chance(
                [.before, .after],
                oneIn: oneIn * Accidents.terminalCrashFactor,
                seed: seeds.2
            )
        }
    }

    private func linkFaults(_ generator: inout SplitMix64) -> [FaultyLink.Fault] {
        var faults: [FaultyLink.Fault] = []
        if kinds.contains(.lost) {
            faults += [.refuse(.notSent), .refuse(.broken), .dropRequest, .dropResponse]
        }
        if kinds.contains(.repeated) { faults.append(.duplicate) }
        for _ in 0..<3 {
            let delay = Duration.seconds(generator.below(Accidents.delayMax))
            let short = Duration.seconds(generator.below(10))
            if kinds.contains(.repeated) { faults.append(.again(after: delay)) }
            if kinds.contains(.delayed) {
                faults += [
                    .delay(request: delay, response: .zero),
                    .delay(request: .zero, response: delay),
                    .delay(request: short, response: short),
                ]
            }
        }
        for _ in 0..<2 {
            let (one, other) = (generator.next(), generator.next())
            if kinds.contains(.altered) {
                faults += [
                    .alterRequestBit(one), .alterResponseBit(other), .cutRequest(other),
                    .cutResponse(one),
                ]
            }
        }
        return faults
    }

    private func prepare(
        _ store: FaultyStore,
        of party: Party,
        _ generator: inout SplitMix64
    ) {
        let seeds = (generator.next(), generator.next(), generator.next())
        if kinds.contains(.disks) {
            let story = story
            store.tell { what in story.add("the disk of \(party) \(what)") }
            store.commits.chance(
                [
                    .refuse(.locked), .refuse(.diskFull), .refuse(.unavailable("a fault")),
                    .loseAnswer, .conflict,
                ],
                oneIn: oneIn * Accidents.storeFactor,
                seed: seeds.0
            )
            store.reads.chance(
                [.unavailable("a fault")],
                oneIn: oneIn * Accidents.storeFactor * 2,
                seed: seeds.1
            )
        }
        if kinds.contains(.crashes) {
            world.fates.crashes[party]?.chance(
                [.before, .after],
                oneIn: oneIn * Accidents.crashFactor,
                seed: seeds.2
            )
        }
    }

    /// Whether a fault can be on a link. What OPAL server, gateway, network and loyalty server say
    /// to each other is kept from being changed by the link alone, which breaks. So is what goes to
    /// and from a clearing house, but batches, which are chained and signed.
    private static func canMeet(_ fault: FaultyLink.Fault, _ route: Route) -> Bool {
        let callees: [Party] = [
            .gateway, .network, .loyaltyServer, .concentrationPoint, .clearingHouse,
        ]
        let isKept =
            callees.contains(route.callee) || route.caller == .loyaltyServer
            || route.caller == .clearingHouse
        guard isKept else { return true }
        return switch fault {
        // A connection to the network carries each message once; the gateway repeats by itself.
        case .again, .duplicate: route.callee != .network
        case .alterRequest, .alterRequestBit, .alterResponse, .alterResponseBit, .cutRequest,
            .cutResponse:
            false
        default: true
        }
    }

    /// How long who asks waits for an answer: a terminal has less time than all who wait behind it.
    private static func patience(_ route: Route) -> Duration {
        switch (route.caller, route.callee) {
        case (_, .terminal): terminalPatience
        case (_, .concentrator): concentratorPatience
        case (.clientTerminal, _): paymentPatience
        // The gateway stops waiting by itself, and takes what comes later.
        case (_, .network): networkPatience
        default: LinkLimits.responseTime
        }
    }

    /// Without the route, which holds the link: who notices would keep it for ever.
    private static func name(
        _ request: [UInt8],
        _ caller: Party,
        _ callee: Party,
        _ story: Story
    ) -> String {
        if caller == .loyaltyServer { return "\(pointsMessage(request, story)) of \(caller)" }
        switch callee {
        case .terminal, .concentrator: return "a request to \(callee)"
        case .loadServer: return "\(loadMessage(request, story)) of \(caller)"
        case .gateway: return "\(gatewayMessage(request, story)) of \(caller)"
        case .network: return "\(networkMessage(request)) of \(caller)"
        case .loyaltyServer: return "\(pointsMessage(request, story)) of \(caller)"
        case .concentrationPoint, .clearingHouse: return "\(batchMessage(request)) of \(caller)"
        case .opalServer where caller == .clearingHouse: return "a question of \(caller)"
        default: break
        }
        guard let message = try? PartyMessage(request) else { return "a message of \(caller)" }
        return "\(name(message, story)) of \(caller)"
    }

    private static func loadMessage(_ request: [UInt8], _ story: Story) -> String {
        guard let message = try? LoadMessage(request) else { return "a message" }
        let load = { story.loads.name(message.transaction) }
        return switch message {
        case .loadRequest: "the load request for \(load())"
        case .loadResponse: "the load response for \(load())"
        case .negativeResponse: "the negative response for \(load())"
        case .loadQuestion: "the question about \(load())"
        default: "a message"
        }
    }

    private static func gatewayMessage(_ request: [UInt8], _ story: Story) -> String {
        switch try? GatewayMessage(request) {
        case .authorize(let request):
            "the request to authorise \(story.funding.name(request.transaction))"
        case .complete(let transaction):
            "the word that \(story.funding.name(transaction)) is credited"
        case .cancel(let transaction):
            "the word that \(story.funding.name(transaction)) is given up"
        case .question(let transaction): "the question about \(story.funding.name(transaction))"
        default: "a message"
        }
    }

    private static func pointsMessage(_ request: [UInt8], _ story: Story) -> String {
        switch try? PointsMessage(request) {
        case .enrol(let proof, _): "the enrolment with \(story.name(proof))"
        case .credit(let credit): "the posting of \(credit.amount.minorUnits) points"
        case .purchase(let notice):
            "the notice that \(story.name(notice.transaction)) is \(notice.state)"
        default: "a message"
        }
    }

    private static func networkMessage(_ request: [UInt8]) -> String {
        let message = try? ISODialect.ascii1987.decode(request)
        return message.map { "a message \($0.type)" } ?? "a message"
    }

    private static func name(_ message: PartyMessage, _ story: Story) -> String {
        switch message {
        case .drawRequest(let draw): "the draw request for \(story.name(draw.terms.transaction))"
        case .debitResponse(let transaction, _):
            "the debit response for \(story.name(transaction))"
        case .saleQuestion(let question):
            "the question about \(story.name(question.terms.transaction))"
        default: "a message"
        }
    }
}

extension FaultyLink.Fault: CustomStringConvertible {
    /// What becomes of the message, for a story.
    package var description: String {
        switch self {
        case .refuse: "is not sent"
        case .dropRequest: "is lost"
        case .dropResponse: "is answered, and the answer is lost"
        case .duplicate: "comes twice"
        case .late: "comes late"
        case .delay(let request, let response):
            "takes \(request.milliseconds / 1000) s, and its answer "
                + "\(response.milliseconds / 1000) s"
        case .again(let time): "comes again after \(time.milliseconds / 1000) s"
        case .alterRequestBit, .alterRequest: "is changed on the way"
        case .alterResponseBit, .alterResponse: "is answered, and the answer is changed"
        case .cutRequest: "loses its end on the way"
        case .cutResponse: "is answered, and the answer loses its end"
        }
    }
}
