// SPDX-License-Identifier: Apache-2.0

import Gateway
import Kernel
import Wire

/// What the server is told of the payment gateway, the funding network, and loads from funding
/// accounts.
struct FundingSettings {
    var gatewayName = Role.gateway.rawValue
    /// Nil where the OPAL server has no gateway, unless one runs in its process.
    var gatewayHost: String?
    var gatewayPort = 8414
    /// Element 32 of the gateway's messages.
    var acquirer = "400123"
    var currencies: [Currency: Exponent] = [.euro: .cents]

    var networkName = Role.network.rawValue
    var networkHost = "127.0.0.1"
    var networkPort = 8415
    /// Whether the connection between gateway and network is over TLS.
    var networkUsesTLS = true
    var dialect = ISODialect.ascii1987
    /// By what gateway and network recognise the key that they share; nil where they share none.
    var keyCheckValue: String?
    /// What an account that nobody opened begins with at the simulated network, in minor units; 0
    /// where only those that were opened are known.
    var openingBalance: UInt64 = 200_00
    /// The file that says how the simulated network behaves; nil for the one in its folder.
    var behaviours: String?

    /// Whether loads are signed by a second module 864 instead of HSM 268.
    var hasLoadModule = false
    /// Who takes the money, as the holder of a funding account reads it.
    var acceptor: CardAcceptor

    static let acceptorName = "OPAL card loading"

    init() {
        guard let acceptor = Self.acceptor(nil, nil, nil, nil, nil) else {
            preconditionFailure("The usual acceptor is one.")
        }
        self.acceptor = acceptor
    }

    /// Nil stands for what is usual.
    private static func acceptor(
        _ terminal: String?,
        _ merchant: String?,
        _ name: String?,
        _ city: String?,
        _ country: String?
    ) -> CardAcceptor? {
        guard let merchant = MerchantIdentifier(merchant ?? "OPALLOADING0001") else { return nil }
        return CardAcceptor(
            terminal: terminal ?? "OPAL0001",
            merchant: merchant,
            name: name ?? acceptorName,
            city: city ?? "Opal City",
            country: country ?? "DE"
        )
    }

    /// - Throws: `CommandFailure` that names the key and says what it must be.
    init(_ reader: SettingsReader) throws {
        self.init()
        gatewayName = reader.text(.gatewayName, gatewayName)
        gatewayHost = reader.optionalText(.gatewayHost)
        gatewayPort = try reader.port(.gatewayPort, gatewayPort)
        acquirer = reader.text(.gatewayAcquirer, acquirer)
        if let text = reader.optionalText(.gatewayCurrencies) {
            currencies = try Self.currencies(text)
        }
        networkName = reader.text(.networkName, networkName)
        networkHost = reader.text(.networkHost, networkHost)
        networkPort = try reader.port(.networkPort, networkPort)
        networkUsesTLS = reader.flag(.networkTLS, networkUsesTLS)
        let name = reader.text(.networkDialect, dialect.name)
        guard let dialect = ISODialect.all.first(where: { $0.name == name }) else {
            throw CommandFailure(
                "network.dialect must be one of "
                    + ISODialect.all.map(\.name).joined(separator: ", ") + "."
            )
        }
        self.dialect = dialect
        keyCheckValue = reader.optionalText(.networkKeyCheckValue)
        openingBalance = try reader.amount(.networkOpeningBalance, openingBalance)
        behaviours = reader.optionalText(.networkBehaviours)
        switch reader.text(.loadModule, "hsm") {
        case "hsm": hasLoadModule = false
        case "separate": hasLoadModule = true
        default: throw CommandFailure("loadModule must be hsm or separate.")
        }
        try readAcceptor(reader)
        _ = try profile()
    }

    private mutating func readAcceptor(_ reader: SettingsReader) throws {
        guard
            let acceptor = Self.acceptor(
                reader.optionalText(.acceptorTerminal),
                reader.optionalText(.acceptorMerchant),
                reader.optionalText(.acceptorName),
                reader.optionalText(.acceptorCity),
                reader.optionalText(.acceptorCountry)
            )
        else {
            throw CommandFailure(
                "acceptor.terminal has at most 8 letters and digits, acceptor.merchant 15, "
                    + "acceptor.name 25, acceptor.city 13, acceptor.country two capitals."
            )
        }
        self.acceptor = acceptor
    }

    /// `0978/2, 0826/2`: CURR and the number of decimals.
    private static func currencies(_ text: String) throws -> [Currency: Exponent] {
        var currencies: [Currency: Exponent] = [:]
        for part in text.split(separator: ",") {
            let halves = part.split(separator: "/").map { $0.filter { $0 != " " } }
            guard halves.count == 2, let digits = BCD.parse(halves[0], count: 4),
                let currency = Currency(bcd: UInt16(digits)), let decimals = UInt8(halves[1]),
                let exponent = Exponent(decimals)
            else {
                throw CommandFailure(
                    "gateway.currencies must be a list such as 0978/2, 0826/2: currency, decimals."
                )
            }
            currencies[currency] = exponent
        }
        return currencies
    }

    /// Who the gateway is for the network.
    func profile() throws -> GatewayProfile {
        guard
            let profile = GatewayProfile(
                dialect: dialect,
                acquirer: acquirer,
                currencies: currencies,
                keyCheckValue: keyCheckValue
            )
        else {
            throw CommandFailure(
                "gateway.acquirer has 1 to 11 digits and does not begin with 0; "
                    + "network.keyCheckValue has 2 to 16 hexadecimal digits."
            )
        }
        return profile
    }
}
