// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Wire

/// What becomes of a purchase when one thing goes wrong: each row is a run of all parties.
struct FaultTable {
    struct Fault: Sendable {
        let name: String
        /// Done after the order was made and before the person consents.
        let inject: @Sendable (World) async -> Void
        /// Done after the person was answered.
        var then: @Sendable (World) async -> Void = { _ in }
    }

    struct Row {
        let fault: String
        let atOnce: String
        let card: String
        let sale: String
        let order: String
        let inTheEnd: String
        let violations: [Violation]

        var cells: [String] { [fault, atOnce, card, sale, order, inTheEnd] }
    }

    static let headers = [
        "what goes wrong", "the person sees at once", "card", "sale", "order",
        "the person sees in the end",
    ]

    let policy: ComparisonPolicy

    // MARK: Faults

    static var all: [Fault] {
        [Fault(name: "nothing") { _ in }] + messages + commits + crashes + restarts
    }

    private static var messages: [Fault] {
        let faults: [(String, FaultyLink.Fault)] = [
            ("is not sent", .refuse(.notSent)), ("is lost", .dropRequest),
            ("is answered, and the answer is lost", .dropResponse),
            ("comes twice at once", .duplicate), ("comes late", .late),
            ("comes with one bit changed", .alterRequestBit(777)),
        ]
        return [("draw request", 1), ("debit response", 2)].flatMap { message, number in
            faults.map { what, fault in
                Fault(name: "\(message) \(what)") { $0.link.plan.script(fault, at: number) }
            }
        }
    }

    private static var commits: [Fault] {
        let places: [(String, Int, @Sendable (World) -> FaultyStore)] = [
            ("payment server, S2", 1, { $0.paymentStore }),
            ("OPAL server, debit", 1, { $0.opalStore }),
            ("payment server, sold", 2, { $0.paymentStore }),
            ("OPAL server, outcome", 2, { $0.opalStore }),
            ("shop, result", 1, { $0.shops[0].store }),
            ("shop, handing out", 2, { $0.shops[0].store }),
        ]
        let faults: [(String, FaultyStore.Fault)] = [
            ("disk full", .refuse(.diskFull)), ("made, but nobody is told", .loseAnswer),
            ("somebody was first", .conflict),
        ]
        return places.flatMap { place, number, store in
            faults.map { what, fault in
                Fault(name: "commit of the \(place): \(what)") { world in
                    store(world).commits.script(fault, at: number)
                }
            }
        }
    }

    private static var crashes: [Fault] {
        let places: [(String, Int, Party)] = [
            ("payment server, S2", 1, .paymentServer), ("OPAL server, debit", 1, .opalServer),
            ("payment server, sold", 2, .paymentServer),
            ("OPAL server, outcome", 2, .opalServer), ("shop, result", 1, .shop(0)),
            ("shop, handing out", 2, .shop(0)),
        ]
        let moments: [(String, CrashMoment)] = [("before", .before), ("after", .after)]
        return places.flatMap { place, number, party in
            moments.map { word, moment in
                Fault(name: "crash \(word) the commit of the \(place)") { world in
                    world.crash(party, moment, commit: number)
                } then: { world in
                    await world.restart(party)
                }
            }
        }
    }

    private static var restarts: [Fault] {
        [
            Fault(name: "payment server dies after S2 and comes back") { world in
                world.link.plan.script(
                    .alterRequest { request in
                        try? await world.restartPaymentServer()
                        return request
                    },
                    at: 2
                )
            },
            Fault(name: "payment server dies after S2 and comes back a second later") { world in
                world.link.plan.script(
                    .alterRequest { request in
                        world.stopPaymentServer()
                        return request
                    },
                    at: 2
                )
            } then: { world in
                try? await world.restartPaymentServer()
            },
            Fault(name: "payment server dies after S2 and comes back too late") { world in
                world.link.plan.script(
                    .alterRequest { request in
                        world.stopPaymentServer()
                        return request
                    },
                    at: 2
                )
            } then: { world in
                world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                try? await world.restartPaymentServer()
            },
            Fault(name: "payment server dies after sold, before its answer leaves") { world in
                world.link.plan.script(
                    .alterResponse { response in
                        world.stopPaymentServer()
                        return Array(response.dropLast())
                    },
                    at: 2
                )
            } then: { world in
                try? await world.restartPaymentServer()
            },
            Fault(name: "OPAL server dies after the debit and comes back") { world in
                world.link.plan.script(.dropRequest, at: 2)
            } then: { world in
                world.restartOPALServer()
            },
            Fault(name: "OPAL server dies after the debit and comes back too late") { world in
                world.link.plan.script(.dropRequest, at: 2)
            } then: { world in
                world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                await world.payments.giveUpLateSales()
                world.restartOPALServer()
            },
            Fault(name: "shop dies before the result comes") { world in
                world.restartMerchant()
            },
        ]
    }

    // MARK: Runs

    func row(_ fault: Fault) async throws -> Row {
        var plan = WorldPlan()
        plan.policies = [policy]
        let world = try await World(plan)
        let ticket = try await world.order()
        let page = try await world.page(ticket)
        await fault.inject(world)
        let outcome = await world.visit(page)
        if case .paid(let receipt) = outcome, let form = await world.form(receipt) {
            _ = try? await world.fetch(form, ticket)
        }
        // Where one trip is all, the debit response goes in the next round.
        if policy.isOneTrip { await world.purchases.settleOpenDraws(olderThan: .zero) }
        await fault.then(world)
        // What the parties do by themselves every few seconds; then time passes.
        world.clearFaults()
        await world.tidy()
        let isSettled = await world.settleAll()
        _ = try? await world.deliver(ticket)
        var violations = await Invariants.check(world, isSettled: true)
        if !isSettled { violations.append(.stillOpen("something")) }
        let ledger = await Ledger(world)
        let transaction = ticket.transaction
        let later = try await world.purchases.outcome(of: transaction)?.outcome
        return Row(
            fault: fault.name,
            atOnce: outcome.map(Self.word) ?? "no answer",
            card: Self.word(ledger.draws[transaction]?.state, try await world.balance()),
            sale: ledger.sales[transaction].map { "\($0.state)" } ?? "none",
            order: ledger.orders[transaction].map { "\($0.order.state)" } ?? "none",
            inTheEnd: later.map(Self.word) ?? "nothing was taken",
            violations: violations
        )
    }

    private static func word(_ outcome: PurchaseOutcome) -> String {
        switch outcome {
        case .paid: "paid"
        case .pending: "pending"
        case .refused(let refusal): "refused: \(refusal.word)"
        case .refusedByLimit(let refusal): "refused by a limit: \(refusal.word)"
        }
    }

    private static func word(_ state: DrawState?, _ balance: UInt64) -> String {
        switch state {
        case nil: "not debited, \(balance)"
        case .debited: "debited, \(balance)"
        case .sold: "debited once, \(balance)"
        case .recovered: "debited and put back, \(balance)"
        }
    }

    static func text(_ rows: [Row]) -> String {
        let lines = [headers, headers.map { _ in "---" }] + rows.map(\.cells)
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}
