// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Kernel
import OPALServer
import Records
import Simulation
import Wire

// What goes wrong with a load from the account on file, each time one thing.
extension AccountFaultTable {
    var entries: [Entry] {
        [Entry("nothing", Fault())] + people + authorizes + completes + cancels + questions
            + requests + advices + reversals + behaviours + cards + commits + crashes + restarts
    }

    private typealias Inject = @Sendable (World) async -> Void

    /// What can become of a message and of its answer. What is changed on its way comes as nothing:
    /// the link has noticed, and breaks.
    private static let fates: [(what: String, faults: [FaultyLink.Fault])] =
        FaultTable.fates.filter { _, faults in
            !faults.contains {
                switch $0 {
                case .alterRequestBit, .alterResponseBit: true
                default: false
                }
            }
        } + [("is changed on its way, and the link breaks", [.refuse(.broken)])]

    private static func entries(
        _ name: String,
        _ link: @escaping @Sendable (World) -> FaultyLink?,
        _ numbers: [Int],
        _ before: @escaping Inject = { _ in }
    ) -> [Entry] {
        fates.map { what, faults in
            Entry(
                "\(name) \(what)",
                faults.map { fault in
                    Fault(inject: { world in
                        await before(world)
                        for number in numbers { link(world)?.plan.script(fault, at: number) }
                    })
                }
            )
        }
    }

    private static let toGateway: @Sendable (World) -> FaultyLink? = { $0.gateway?.link }
    private static let toNetwork: @Sendable (World) -> FaultyLink? = { $0.gateway?.networkLink }

    private var people: [Entry] {
        [
            Entry("the person clicks twice", Fault(person: .clicksTwice)),
            Entry("the person comes back and confirms once more", Fault(person: .comesBack)),
        ]
    }

    // MARK: From the OPAL server to the gateway

    private var authorizes: [Entry] {
        Self.entries("authorize", Self.toGateway, [1])
            + Self.entries("authorize, and when it is sent again,", Self.toGateway, [1, 2])
    }

    private var completes: [Entry] { Self.entries("complete", Self.toGateway, [2]) }

    /// The answer takes more than five minutes, and the load is given up.
    private static let tooLate: Inject = { world in
        world.gateway?.link.plan.script(
            .alterResponse { response in
                world.clock.advance(by: FundingLimits.authorizationTime)
                return response
            },
            at: 1
        )
    }

    private var cancels: [Entry] {
        let late = "the approval comes to the OPAL server after five minutes"
        return [Entry(late, Fault(inject: Self.tooLate))]
            + Self.entries("\(late); cancel", Self.toGateway, [2], Self.tooLate)
    }

    private var questions: [Entry] {
        let lost: Inject = { world in
            for number in 1...2 { world.gateway?.link.plan.script(.dropResponse, at: number) }
        }
        let unheard = "both answers to authorize are lost"
        return Self.entries("\(unheard); question", Self.toGateway, [3], lost)
    }

    // MARK: From the gateway to the network

    private var requests: [Entry] { Self.entries("0100", Self.toNetwork, [1]) }
    private var advices: [Entry] { Self.entries("0220", Self.toNetwork, [2]) }

    private static let unanswered: Inject = { world in
        world.gateway?.networkLink.plan.script(.dropResponse, at: 1)
    }

    private var reversals: [Entry] {
        Self.entries("the answer to 0100 is lost; 0420", Self.toNetwork, [2], Self.unanswered)
    }

    // MARK: The network

    private static func network(
        _ name: String,
        _ behaviour: NetworkBehaviour,
        _ message: ISOMessageType = .authorizationRequest,
        first: Int = 1,
        _ before: @escaping Inject = { _ in }
    ) -> Entry {
        Entry(
            name,
            Fault(inject: { world in
                await before(world)
                var rule = NetworkScript.Rule(behaviour)
                (rule.message, rule.first) = (message, first)
                world.gateway?.network.network.follow(NetworkScript([rule]))
            })
        )
    }

    private var behaviours: [Entry] {
        let codes = ["05", "14", "43", "51", "54", "57", "61", "91"]
        let lost = "the answer to 0100 is lost; the network"
        return codes.compactMap { code in
            NetworkResponse(code).map {
                Self.network("the network declines: \(code)", .decline($0))
            }
        } + [
            Self.network("the bank knows another address", .addressMismatch),
            Entry(
                "a wrong CVV2 was typed",
                Fault(code: CardVerificationValue(digits: SimulatedNetwork.wrongCode))
            ),
            Self.network("the network is slow", .slow),
            Self.network("the network approves after the time-out", .late),
            Self.network("the network does not answer 0100", .silent),
            Self.network("the network closes the connection at 0100", .cut),
            Self.network("the network does not answer 0220", .silent, .clearingAdvice),
            Self.network("the network answers 0220 after the time-out", .late, .clearingAdvice),
            Self.network(
                "the network refuses 0220 at first: 96",
                .decline(.malfunction),
                .clearingAdvice
            ),
            Self.network("\(lost) does not answer 0420", .silent, .reversalAdvice, Self.unanswered),
            Self.network(
                "\(lost) answers 0420 after the time-out",
                .late,
                .reversalAdvice,
                Self.unanswered
            ),
            Self.network(
                "\(lost) refuses 0420 at first: 96",
                .decline(.malfunction),
                .reversalAdvice,
                Self.unanswered
            ),
        ]
    }

    // MARK: The card

    /// What happens to the card while the network is asked.
    private var cards: [Entry] {
        func meanwhile(_ name: String, _ act: @escaping Inject) -> Entry {
            Entry(
                name,
                Fault(inject: { world in
                    world.gateway?.link.plan.script(
                        .alterResponse { response in
                            await act(world)
                            return response
                        },
                        at: 1
                    )
                })
            )
        }
        return [
            meanwhile("the card is blocked before the approval comes") { world in
                _ = try? await world.desk.setBlocked(true, world.cards[0])
            },
            meanwhile("the card pays before the approval comes") { world in
                guard let ticket = try? await world.order(),
                    let page = try? await world.page(ticket)
                else { return }
                _ = await world.pay(page)
            },
        ]
    }

    // MARK: Commits

    /// A commit of a load, with what brings it about.
    private struct Step: Sendable {
        let step: FaultStep
        var before: Inject = { _ in }

        func entries(_ failures: [FaultStep.Failure]) -> [Entry] {
            failures.map { name, inject, then in
                Entry(
                    name,
                    Fault(
                        inject: { world in
                            await before(world)
                            await inject(world)
                        },
                        then: then
                    )
                )
            }
        }
    }

    /// The OPAL server counts the try before, and takes the count back afterwards.
    private static let steps = [
        Step(step: FaultStep("the OPAL server, count of tries", .opalServer, 1)),
        Step(step: FaultStep("the OPAL server, load", .opalServer, 2)),
        Step(step: FaultStep("the gateway, asked", .gateway, 1)),
        Step(step: FaultStep("the network, held", .network, 1)),
        Step(step: FaultStep("the gateway, approved", .gateway, 2)),
        Step(step: FaultStep("the OPAL server, credit", .opalServer, 3)),
        Step(step: FaultStep("the gateway, completing", .gateway, 3)),
        Step(step: FaultStep("the OPAL server, completed", .opalServer, 4)),
        Step(step: FaultStep("the network, captured", .network, 2)),
        Step(step: FaultStep("the gateway, completed", .gateway, 4)),
        Step(step: FaultStep("the OPAL server, given up", .opalServer, 3), before: tooLate),
        Step(step: FaultStep("the gateway, cancelling", .gateway, 3), before: tooLate),
        Step(step: FaultStep("the OPAL server, cancelled", .opalServer, 4), before: tooLate),
        Step(step: FaultStep("the network, released", .network, 2), before: tooLate),
        Step(step: FaultStep("the gateway, cancelled", .gateway, 4), before: tooLate),
        Step(step: FaultStep("the gateway, reversing", .gateway, 2), before: unanswered),
        Step(step: FaultStep("the OPAL server, pending", .opalServer, 3), before: unanswered),
        Step(step: FaultStep("the gateway, reversed", .gateway, 3), before: unanswered),
        Step(step: FaultStep("the OPAL server, reversed", .opalServer, 4), before: unanswered),
    ]

    private var commits: [Entry] { Self.steps.flatMap { $0.entries($0.step.failures) } }
    private var crashes: [Entry] { Self.steps.flatMap { $0.entries($0.step.crashes) } }

    // MARK: Restarts

    /// A party is away for an hour.
    private var restarts: [Entry] {
        func away(_ party: Party, _ number: Int) -> Fault {
            Fault(
                inject: { $0.crash(party, .after, commit: number) },
                then: { world in
                    world.clock.advance(by: .seconds(3_600))
                    await world.tidyFunds()
                    await world.restart(party)
                }
            )
        }
        return [
            Entry(
                "the network has forgotten who had signed on",
                Fault(inject: { await $0.restart(.network) })
            ),
            Entry(
                "the OPAL server dies after the load is stored and comes back an hour later",
                away(.opalServer, 2)
            ),
            Entry(
                "the gateway dies when the network has approved and comes back an hour later",
                away(.gateway, 2)
            ),
            Entry("the network dies with the hold and comes back an hour later", away(.network, 1)),
        ]
    }
}
