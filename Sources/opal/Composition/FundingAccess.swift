// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import Keys
import LoadSecurityModule
import OPALServer
import Records
import SecurityModule
import Wire

/// How the OPAL server loads cards from funding accounts.
struct FundingAccess {
    /// The link to the payment gateway; nil where none is configured.
    var gateway: (any Link)?
    var settings = FundingSettings()
    /// BIN of the issuer whose currency the amounts are in.
    var issuer = Founding.issuer

    /// 1, 5, 10, 20 and 50 of the currency.
    private static let minimumUnits: UInt64 = 1
    private static let menuUnits: [UInt64] = [5, 10, 20, 50]

    func issuer(at desk: CardDesk) async throws -> Issuer? {
        guard let identifier = IssuerIdentifier(issuer) else { return nil }
        return try await desk.issuer(identifier)
    }

    /// What people are offered, in minor units.
    func offer(_ issuer: Issuer?) -> AccountLoads.Settings {
        let exponent = issuer?.exponent ?? .cents
        let unit = (0..<exponent.decimals).reduce(UInt64(1)) { unit, _ in unit * 10 }
        return AccountLoads.Settings(
            minimum: Self.minimumUnits * unit,
            menu: Self.menuUnits.map { $0 * unit },
            acceptor: settings.acceptor
        )
    }

    /// What checks the account of who signs up: the gateway, or a stand-in where there is none.
    func check(_ issuer: Issuer?) -> any FundingAccountCheck {
        guard let gateway else { return DemoFundingNetwork() }
        return GatewayAccountCheck(
            gateway: gateway,
            acceptor: settings.acceptor,
            currency: issuer?.currency ?? .euro,
            exponent: issuer?.exponent ?? .cents,
            random: SystemRandom(),
            now: SystemClock.now
        )
    }

    /// What signs loads: HSM 268 itself, or a module 864 of its own, which gets the issuers' load
    /// keys from it at each start and keeps nothing.
    func loadModule(
        _ hsm: SoftwareModule,
        _ store: any RecordStore,
        _ seals: any RecordSealing
    ) async throws -> any LoadModule {
        guard settings.hasLoadModule else { return hsm }
        let master = LocalMasterKey.make()
        let module = SoftwareLoadModule(master)
        var records: [Record] = []
        try await store.forEach(Issuer.keyKind) { records.append($0) }
        for record in records {
            let keys = try await IssuerKeys.open(record, sealedBy: seals)
            try module.install(
                try hsm.exportLoadKeys(keys.wrapped, to: master),
                as: SoftwareLoadModule.KeyName(issuer: keys.issuer, version: keys.version)
            )
        }
        return module
    }
}

/// Stands in for the funding network where no payment gateway is configured: it accepts each
/// account whose check digit is right, and refuses the CVV2 `000` and the account numbers that end
/// in `0002`, so that both can be shown.
struct DemoFundingNetwork: FundingAccountCheck {
    func check(
        _ account: FundingAccount,
        _ verificationValue: CardVerificationValue,
        _ address: BillingAddress
    ) async -> FundingAccountAnswer {
        if verificationValue.digits == "000" { return .refused(.verificationValueWrong) }
        return account.lastFour == "0002" ? .refused(.declined) : .accepted
    }
}
