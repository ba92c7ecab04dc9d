// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Foundation
import Hummingbird
import Kernel
import LoadServer
import Logging
import LoyaltyServer
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Settlement
import SettlementFiles
import Sites

/// Makes the sites out of the parties.
struct SiteKit {
    let settings: ServerSettings
    let templates: Templates
    let wording = Wording()
    let logger: Logger

    func cardholder(_ party: OPALServerParty) throws -> Router<SiteContext> {
        guard let issuer = IssuerIdentifier(settings.newCardIssuer) else {
            throw CommandFailure("newCardIssuer must be a BIN of six digits.")
        }
        guard let origin = Origin(of: settings.cardholderOrigin) else {
            throw CommandFailure("cardholder.origin must be an origin.")
        }
        return CardholderSite(
            parts: .init(
                users: party.users,
                desk: party.desk,
                purchases: party.purchases,
                loads: party.loads,
                guardians: party.guardians,
                succession: party.succession,
                offers: party.offers,
                templates: templates,
                wording: wording,
                now: SystemClock.now,
                random: SystemRandom(),
                funding: party.hasGateway
                    ? CardholderFunding(
                        loads: party.accountLoads,
                        orders: party.standingOrders
                    ) : nil,
                programmes: party.points.programmes,
                disputes: party.disputes
            ),
            settings: .init(
                origin: origin,
                brandName: "OPAL",
                shop: SiteLook.Link("Farthing Press", settings.shopOrigin),
                banks: [SiteLook.Link(BankParty.name, settings.bankOrigin)],
                benefits: SiteLook.Link(AirlineFounding.name, settings.airlineOrigin),
                issuer: issuer,
                trustsProxy: settings.isBehindProxy
            )
        ).router()
    }

    func shop(_ party: MerchantParty) throws -> Router<SiteContext> {
        let demo = try DemoShop()
        guard
            let shop = ShopSettings(
                address: settings.shopOrigin,
                checkoutURL: settings.cardholderOrigin + "/checkout",
                clientAddress: ClientAddress(trustsProxy: settings.isBehindProxy),
                clientTerminalsURL: settings.clientTerminalsOrigin
            )
        else { throw CommandFailure("shop.origin must be an origin.") }
        return ShopSite(
            merchant: party.merchant,
            catalogue: demo.catalogue,
            content: demo.content,
            settings: shop,
            templates: templates,
            wording: wording,
            now: SystemClock.now,
            random: SystemRandom()
        ).router()
    }

    func bank(_ party: BankParty) throws -> Router<SiteContext> {
        guard
            let bank = BankSiteSettings(
                name: BankParty.name,
                address: settings.bankOrigin,
                cardOrigin: settings.cardholderOrigin,
                clientAddress: ClientAddress(trustsProxy: settings.isBehindProxy)
            )
        else { throw CommandFailure("bank.origin and cardholder.origin must be origins.") }
        return BankSite(
            bank: party.bank,
            customers: party.customers,
            settings: bank,
            templates: templates,
            wording: wording,
            now: SystemClock.now,
            random: SystemRandom()
        ).router()
    }

    func airline(_ party: AirlineParty) throws -> Router<SiteContext> {
        guard
            let airline = AirlineSettings(
                address: settings.airlineOrigin,
                checkoutURL: settings.cardholderOrigin + "/checkout",
                programmes: AirlineFounding.programmes.map(\.code),
                clientAddress: ClientAddress(trustsProxy: settings.isBehindProxy)
            )
        else { throw CommandFailure("airline.origin and cardholder.origin must be origins.") }
        return AirlineSite(
            desk: party.desk,
            content: try AirlineContent(),
            settings: airline,
            templates: templates,
            wording: wording,
            now: SystemClock.now,
            uptime: SystemClock.uptime,
            random: SystemRandom()
        ).router()
    }

    /// Where the payment server takes messages from client terminals.
    func clientTerminals(_ party: PaymentServerParty) -> Router<SiteContext> {
        ClientTerminalSite(
            service: ClientTerminalEntry(
                to: ProcessTelemetry.metered(party.module, as: settings.paymentServerName, logger)
            ),
            clientAddress: ClientAddress(trustsProxy: settings.isBehindProxy),
            now: SystemClock.now
        ).router()
    }

    func console(_ console: ConsoleParty, _ parts: ConsoleParts) -> Router<SiteContext> {
        ConsoleSite(
            parts: parts,
            operators: console.operators,
            templates: templates,
            wording: wording,
            isSecure: settings.usesTLS,
            clientAddress: ClientAddress(trustsProxy: settings.isBehindProxy),
            now: SystemClock.now,
            random: SystemRandom()
        ).router()
    }

    /// The console shows the parties that run in this process.
    func consoleParts(_ console: ConsoleParty, _ parties: Parties) -> ConsoleParts {
        var parts = ConsoleParts()
        if let party = parties.opal {
            parts.cardSide = ConsoleParts.CardSide(
                desk: party.desk,
                users: party.users,
                outbox: party.outbox,
                purchases: party.purchases,
                loads: party.loads,
                accountLoads: party.hasGateway ? party.accountLoads : nil,
                store: ConsoleParts.Store(
                    name: "opal-server",
                    engine: "SQLite",
                    records: party.store,
                    kinds: OPALServerRecords.schema.kinds
                ),
                seals: console.seals,
                mailFrom: "OPAL",
                sales: party.module,
                refusals: party.refusals,
                float: party.float.reporter,
                disputes: party.disputes
            )
        }
        if let party = parties.payment {
            parts.payments = ConsoleParts.Payments(
                module: party.module,
                store: ConsoleParts.Store(
                    name: "payment-server",
                    engine: "SQLite",
                    records: party.store,
                    kinds: PaymentModule.schema.kinds
                ),
                acquirer: PaymentServerParty.acquirer
            )
        }
        if let party = parties.shop {
            parts.shops = [
                ConsoleParts.Shop(
                    name: Founding.shopName,
                    module: party.merchant,
                    store: ConsoleParts.Store(
                        name: "shop",
                        engine: "SQLite",
                        records: party.store,
                        kinds: MerchantRecords.schema.kinds
                    )
                )
            ]
        }
        addAirline(parties, to: &parts, seals: console.seals, works: console.earnFiles)
        addFunding(parties, to: &parts)
        if let party = parties.clearing { parts.clearing = clearing(party) }
        return parts
    }

    private func clearing(_ party: ClearingParty) -> ConsoleParts.Clearing {
        ConsoleParts.Clearing(
            house: party.module,
            store: ConsoleParts.Store(
                name: "clearing",
                engine: "SQLite",
                records: party.store,
                kinds: ClearingRecords.schema.kinds
            ),
            writeFiles: { day in await party.writeFiles(of: day) },
            reports: Self.reports(of: party.module)
        )
    }

    private static func reports(of house: ClearingHouse) -> ConsoleParts.PayoutReports {
        ConsoleParts.PayoutReports(
            csv: { payout, now in
                let parts = MerchantReportParts(house, of: [payout], now: now)
                return { try await parts.next() }
            },
            pdf: { payout, now in try await MerchantReports(house).pdf(of: [payout], now: now) },
            pdfSalesMax: UInt64(SettlementLimits.pdfSalesMax)
        )
    }

    private func addAirline(
        _ parties: Parties,
        to parts: inout ConsoleParts,
        seals: any RecordSealing,
        works: EarnFileWorks
    ) {
        guard let party = parties.airline else { return }
        let peer = settings.airlineName
        var enter: (@Sendable (Programme) async throws -> Void)?
        if let programmes = parties.opal?.points.programmes {
            enter = { try await programmes.put(.init($0, peer: peer)) }
        }
        parts.loyalty = ConsoleParts.Loyalty(
            module: party.loyalty.module,
            benefits: party.loyalty.benefits,
            store: ConsoleParts.Store(
                name: "loyalty-server",
                engine: "SQLite",
                records: party.loyalty.store,
                kinds: LoyaltyParty.schema.kinds
            ),
            seals: seals,
            works: works,
            enter: enter
        )
        parts.shops.append(
            ConsoleParts.Shop(
                name: AirlineFounding.name,
                module: party.merchant.merchant,
                store: ConsoleParts.Store(
                    name: "airline",
                    engine: "SQLite",
                    records: party.merchant.store,
                    kinds: MerchantRecords.schema.kinds
                )
            )
        )
    }

    private func addFunding(_ parties: Parties, to parts: inout ConsoleParts) {
        if let party = parties.gateway {
            parts.links.append(
                ConsoleParts.Link(name: "Payment gateway to the funding network") {
                    await party.health()
                }
            )
        }
        if let party = parties.loadServer {
            parts.loadDesk = party.desk
            parts.loadServer = ConsoleParts.Store(
                name: "load-server",
                engine: "SQLite",
                records: party.store,
                kinds: LoadServerRecords.schema.kinds
            )
        }
        if let party = parties.bank {
            parts.banks = [
                ConsoleParts.Bank(
                    name: BankParty.name,
                    module: party.bank,
                    store: ConsoleParts.Store(
                        name: "bank",
                        engine: "SQLite",
                        records: party.store,
                        kinds: BankParty.schema.kinds
                    )
                )
            ]
        }
    }
}
