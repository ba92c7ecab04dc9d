// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Wire

// What goes wrong with a load through a bank, each time one thing.
extension LoadFaultTable {
    var entries: [Entry] {
        [Entry("nothing", Fault())] + messages + browsers + questions + lies + commits + crashes
            + negatives + restarts
    }

    // MARK: Messages

    private var messages: [Entry] {
        Self.messages("load request", 1) + Self.messages("load response", 2)
    }

    private static func messages(
        _ name: String,
        _ number: Int,
        _ inject: @escaping @Sendable (World) async -> Void = { _ in }
    ) -> [Entry] {
        FaultTable.fates.map { what, faults in
            Entry(
                "\(name) \(what)",
                faults.map { fault in
                    Fault(inject: { world in
                        world.loadServer?.link.plan.script(fault, at: number)
                        await inject(world)
                    })
                }
            )
        }
    }

    /// The card does not credit itself, and the OPAL server gives the load up with the card's
    /// proof (steps 882 and following).
    private var negatives: [Entry] {
        let full = "the card cannot be credited, the disk is full"
        let fails: @Sendable (World) async -> Void = {
            $0.opalStore.commits.script(.refuse(.diskFull), at: 2)
        }
        return [
            Entry(full, Fault(inject: fails)),
            Entry(
                "the card is blocked after S2",
                Fault(inject: { world in
                    world.loadServer?.link.plan.script(
                        .alterResponse { response in
                            _ = try? await world.desk.setBlocked(true, world.cards[0])
                            return response
                        }
                    )
                })
            ),
            Entry(
                "the card pays after S2",
                Fault(inject: { world in
                    world.loadServer?.link.plan.script(
                        .alterResponse { response in
                            if let ticket = try? await world.order(),
                                let page = try? await world.page(ticket)
                            {
                                _ = await world.pay(page)
                            }
                            return response
                        }
                    )
                })
            ),
        ] + Self.messages("\(full); negative response", 2, fails)
    }

    /// The form with the result, which the browser brings to the bank (step 891).
    private var browsers: [Entry] {
        [
            Entry("the load page is never brought to the card site", Fault(browser: .never)),
            Entry("the person does not consent", Fault(browser: .declines)),
            Entry("the tab is closed before the result is brought", Fault(browser: .closesTab)),
            Entry("the result is brought twice at once", Fault(browser: .bringsTwice)),
            Entry("the result is brought again", Fault(browser: .bringsAgain)),
            Entry(
                "the result is brought with one bit changed",
                FaultTable.places.map { Fault(browser: .bringsChanged($0)) }
            ),
            Entry(
                "the result is brought without its end",
                FaultTable.places.map { Fault(browser: .bringsCut($0)) }
            ),
        ]
    }

    /// The tab was closed, and the bank asks the load server.
    private var questions: [Entry] {
        [Entry("the tab is closed, and the bank asks", Fault(browser: .asks))]
            + FaultTable.fates.map { what, faults in
                Entry(
                    "the tab is closed; the bank's question \(what)",
                    faults.map { fault in
                        Fault(
                            inject: { $0.loadServer?.bankLink.plan.script(fault) },
                            browser: .asks
                        )
                    }
                )
            }
    }

    /// Somebody at the OPAL server says otherwise than the card.
    private var lies: [Entry] {
        [
            Entry(
                "the OPAL server says that the card was not loaded, though it was",
                Fault(inject: { $0.loadLiar.denials.script(()) })
            )
        ]
    }

    // MARK: Commits

    /// A commit of a load, behind the hold.
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

    private static let steps = [
        Step(name: "the OPAL server, request", party: .opalServer, number: 1),
        Step(name: "the load server, S2", party: .loadServer, number: 1),
        Step(name: "the OPAL server, credit", party: .opalServer, number: 2),
        Step(name: "the load server, loaded", party: .loadServer, number: 2),
        Step(name: "the OPAL server, end", party: .opalServer, number: 3),
        Step(name: "the bank, result", party: .bank, number: 1),
        Step(name: "the bank, answer to its question", party: .bank, number: 1, browser: .asks),
    ]

    private var commits: [Entry] { Self.steps.flatMap { $0.entries($0.step.failures) } }
    private var crashes: [Entry] { Self.steps.flatMap { $0.entries($0.step.crashes) } }

    // MARK: Restarts

    private var restarts: [Entry] {
        [
            Entry(
                "load server dies after S2 and comes back an hour later",
                Fault(
                    inject: { world in
                        world.loadServer?.link.plan.script(
                            .alterRequest { request in
                                world.loadServer?.stop()
                                return request
                            },
                            at: 2
                        )
                    },
                    then: { world in
                        world.clock.advance(by: .seconds(3_600))
                        await world.tidyLoads()
                        await world.restart(.loadServer)
                    }
                )
            ),
            Entry(
                "OPAL server dies after S2 and comes back an hour later",
                Fault(
                    inject: { $0.crash(.opalServer, .before, commit: 2) },
                    then: { world in
                        world.clock.advance(by: .seconds(3_600))
                        await world.tidyLoads()
                        await world.restart(.opalServer)
                    }
                )
            ),
        ]
    }
}
