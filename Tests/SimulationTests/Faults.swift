// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import Records
import Simulation
import Wire

// What goes wrong, each time one thing.
extension FaultTable {
    /// What goes wrong where the terminals are the payment server's own.
    var entries: [Entry] {
        [Entry("nothing", Fault())] + messages + forgeries + browsers + questions + commits
            + crashes + restarts
    }

    // MARK: Messages

    /// What can become of a message and of its answer.
    static let fates: [(what: String, faults: [FaultyLink.Fault])] = [
        ("is not sent", [.refuse(.notSent)]),
        ("is lost", [.dropRequest]),
        ("comes twice at once", [.duplicate]),
        ("comes late", [.late]),
        ("comes with one bit changed", places.map { .alterRequestBit($0) }),
        ("comes without its end", places.map { .cutRequest($0) }),
        ("is answered, and the answer is lost", [.dropResponse]),
        (
            "is answered, and one bit of the answer is changed",
            places.map { .alterResponseBit($0) }
        ),
        ("is answered, and the answer loses its end", places.map { .cutResponse($0) }),
    ]

    /// Bits, and lengths, all over a message: each is taken modulo its length. The first ones are
    /// those of version, type and transaction.
    static let places: [UInt64] = {
        var generator = SplitMix64(seed: 1)
        return [3, 11, 37] + (0..<7).map { _ in generator.next() >> 1 }
    }()

    private var messages: [Entry] {
        [("draw request", 1), ("debit response", 2)].flatMap { message, number in
            Self.fates.map { what, faults in
                Entry(
                    "\(message) \(what)",
                    faults.map { fault in
                        Fault(inject: { $0.link.plan.script(fault, at: number) })
                    }
                )
            }
        }
    }

    /// The card answers DEBIT IEP with something else than its own.
    private var forgeries: [Entry] {
        let words: [(String, Forgery)] = [
            ("S3", .signature), ("number", .number), ("balance", .balance),
        ]
        return words.map { word, forgery in
            Entry(
                "the card answers another \(word)",
                Fault(
                    inject: { $0.forger.plan.script(forgery) },
                    then: { world in
                        // Nobody has any other way to learn that no right answer comes.
                        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                    }
                )
            )
        }
    }

    /// The form with the result, which the browser brings to the shop (FIG. 11C, step 638).
    private var browsers: [Entry] {
        [
            Entry("the tab is closed before the result is brought", Fault(browser: .closesTab)),
            Entry("the result is brought twice at once", Fault(browser: .bringsTwice)),
            Entry("the result is brought again", Fault(browser: .bringsAgain)),
            Entry(
                "the result is brought with one bit changed",
                Self.places.map { Fault(browser: .bringsChanged($0)) }
            ),
            Entry(
                "the result is brought without its end",
                Self.places.map { Fault(browser: .bringsCut($0)) }
            ),
        ]
    }

    /// The tab was closed, and the shop asks the payment server.
    private var questions: [Entry] {
        [Entry("the tab is closed, and the shop asks", Fault(browser: .asks))]
            + Self.fates.map { what, faults in
                Entry(
                    "the tab is closed; the shop's question \(what)",
                    faults.map { fault in
                        Fault(
                            inject: { $0.shops[0].link.plan.script(fault) },
                            browser: .asks
                        )
                    }
                )
            }
    }

    // MARK: Commits

    /// A commit of a purchase.
    private struct Step: Sendable {
        let step: FaultStep
        var browser = Browser.brings

        init(name: String, party: Party, number: Int, browser: Browser = .brings) {
            step = FaultStep(name, party, number)
            self.browser = browser
        }

        func entries(_ failures: [FaultStep.Failure]) -> [Entry] {
            failures.map { name, inject, then in
                Entry(name, Fault(inject: inject, browser: browser, then: then))
            }
        }
    }

    private var steps: [Step] {
        var steps = [
            Step(name: "the payment server, S2", party: .paymentServer, number: 1),
            Step(name: "the OPAL server, debit", party: .opalServer, number: 1),
            Step(name: "the payment server, sold", party: .paymentServer, number: 2),
            Step(name: "the OPAL server, outcome", party: .opalServer, number: 2),
            Step(name: "the shop, result", party: .shop(0), number: 1),
            Step(name: "the shop, handing out", party: .shop(0), number: 2),
            Step(
                name: "the shop, answer to its question",
                party: .shop(0),
                number: 1,
                browser: .asks
            ),
        ]
        if policy.releasesTerminalEarly {
            steps.append(
                Step(name: "the payment server, counted", party: .paymentServer, number: 3)
            )
        }
        return steps
    }

    private var commits: [Entry] { steps.flatMap { $0.entries($0.step.failures) } }
    private var crashes: [Entry] { steps.flatMap { $0.entries($0.step.crashes) } }

    // MARK: Terminals on other hosts

    /// What goes wrong with a terminal on another host.
    var entriesOfTerminal: [Entry] {
        let second = policy.releasesTerminalEarly ? "count" : "complete"
        let steps = [
            Step(name: "the terminal, draw", party: .terminal(0), number: 1),
            Step(name: "the terminal, \(second)", party: .terminal(0), number: 2),
        ]
        return [Entry("nothing", Fault())]
            + Self.requests("the terminal's request to draw", 1)
            + Self.requests("the terminal's request to \(second)", 2)
            + steps.flatMap { $0.entries($0.step.failures) }
            + steps.flatMap { $0.entries($0.step.crashes) } + [dropOut]
            + (policy.isOneTrip ? [] : givingUp)
    }

    private static func requests(_ name: String, _ number: Int) -> [Entry] {
        fates.map { what, faults in
            Entry(
                "\(name) \(what)",
                faults.map { fault in
                    Fault(inject: { $0.hosts[0].link.plan.script(fault, at: number) })
                }
            )
        }
    }

    /// It is away from S2 on, and comes back long after the payment server has stopped waiting.
    private var dropOut: Entry {
        Entry(
            "the terminal drops out after S2 and comes back two minutes later",
            Fault(
                inject: { world in
                    world.link.plan.script(
                        .alterResponse { response in
                            world.hosts[0].stop()
                            return response
                        }
                    )
                },
                then: { world in
                    world.clock.advance(by: .seconds(120))
                    await world.tidy()
                    world.hosts[0].start()
                }
            )
        )
    }

    /// The card's answer never comes, and the sale is given up.
    private var givingUp: [Entry] {
        let late: @Sendable (World) async -> Void = { world in
            world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
            await world.payments.giveUpLateSales()
        }
        let first = "debit response is lost, the sale is given up"
        return [
            Entry(
                first,
                Fault(inject: { $0.link.plan.script(.dropRequest, at: 2) }, then: late)
            )
        ]
            + Self.fates.map { what, faults in
                Entry(
                    "\(first); the terminal's request to give it up \(what)",
                    faults.map { fault in
                        Fault(
                            inject: { $0.link.plan.script(.dropRequest, at: 2) },
                            then: { world in
                                world.hosts[0].link.plan.script(fault)
                                await late(world)
                            }
                        )
                    }
                )
            }
            + [("before", CrashMoment.before), ("after", .after)].map { word, moment in
                Entry(
                    "\(first); crash \(word) the terminal's commit",
                    Fault(
                        inject: { $0.link.plan.script(.dropRequest, at: 2) },
                        then: { world in
                            world.crash(.terminal(0), moment, commit: 1)
                            await late(world)
                            await world.restart(.terminal(0))
                        }
                    )
                )
            }
    }

    // MARK: Restarts

    private var restarts: [Entry] {
        let dies: @Sendable (World) async -> Void = { world in
            world.link.plan.script(
                .alterRequest { request in
                    world.stopPaymentServer()
                    return request
                },
                at: 2
            )
        }
        return [
            Entry(
                "payment server dies after S2 and comes back at once",
                Fault(inject: { world in
                    world.link.plan.script(
                        .alterRequest { request in
                            try? await world.restartPaymentServer()
                            return request
                        },
                        at: 2
                    )
                })
            ),
            Entry(
                "payment server dies after S2 and comes back a second later",
                Fault(inject: dies, then: { try? await $0.restartPaymentServer() })
            ),
            Entry(
                "payment server dies after S2 and comes back too late",
                Fault(
                    inject: dies,
                    then: { world in
                        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                        try? await world.restartPaymentServer()
                    }
                )
            ),
            Entry(
                "payment server dies after sold, before its answer leaves",
                Fault(
                    inject: { world in
                        world.link.plan.script(
                            .alterResponse { response in
                                world.stopPaymentServer()
                                return Array(response.dropLast())
                            },
                            at: 2
                        )
                    },
                    then: { try? await $0.restartPaymentServer() }
                )
            ),
            Entry(
                "OPAL server dies after the debit and comes back",
                Fault(
                    inject: { $0.link.plan.script(.dropRequest, at: 2) },
                    then: { $0.restartOPALServer() }
                )
            ),
            Entry(
                "OPAL server dies after the debit and comes back too late",
                Fault(
                    inject: { $0.link.plan.script(.dropRequest, at: 2) },
                    then: { world in
                        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                        await world.payments.giveUpLateSales()
                        world.restartOPALServer()
                    }
                )
            ),
            Entry(
                "shop dies before the result comes",
                Fault(inject: { $0.restartMerchant() })
            ),
        ]
    }
}
