// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Logging
import SystemPackage

/// What `opal serve` is told: by a JSON file, and by environment variables, which win. The names
/// are listed in ``Key``; `docs/configuration.md` shows them with their meaning.
struct ServerSettings {
    var data: String
    var passphraseFile: String?
    /// A folder outside of the data folder where it is noted how far databases have come; nil where
    /// it is noted nowhere.
    var highWater: String?
    var host: String
    var cardholderPort: Int
    var cardholderOrigin: String
    var shopPort: Int
    var shopOrigin: String
    var bankPort: Int
    var bankOrigin: String
    var airlinePort: Int
    var airlineOrigin: String
    /// The name in the certificate of the airline's loyalty server.
    var airlineName: String
    /// Where it hears of purchases; nil where OPAL servers reach none.
    var airlineLinkHost: String?
    var airlineLinkPort: Int
    var opalServerName: String
    /// Where loyalty servers reach the OPAL server.
    var opalServerHost: String
    var opalServerPort: Int
    var consolePort: Int
    /// The address that the console listens on: not where the public sites do.
    var consoleHost: String
    /// Where figures, health and readiness are asked for; nil where they are not.
    var telemetryPort: Int?
    /// The address that this listens on: for the operator's network alone.
    var telemetryHost: String
    /// Whether the sites speak HTTPS.
    var usesTLS: Bool
    var certificates: String
    var siteCertificate: String
    var paymentServerName: String
    var paymentServerHost: String
    var paymentServerPort: Int
    var loadServerName: String
    var loadServerHost: String
    var loadServerPort: Int
    /// The port where the payment server takes messages from client terminals.
    var clientTerminalsPort: Int
    /// How client terminals reach it, scheme, host and port; nil where it takes none.
    var clientTerminalsOrigin: String?
    var terminals: Int
    /// Where hosts of terminals are: ``TerminalAddresses``.
    var remoteTerminals: String
    var terminalHost: String
    var terminalPort: Int
    var concentratorName: String
    /// Nil where the payment server reaches its terminals without one.
    var concentratorHost: String?
    var concentratorPort: Int
    var newCardIssuer: String
    var isBehindProxy: Bool
    var log = LogSettings(.text, .notice)
    /// Payment gateway, funding network, and loads from funding accounts.
    var funding = FundingSettings()
    /// Batches, concentration point, and the way to the clearing house.
    var collection = CollectionSettings()
    /// How long data about persons is kept.
    var retention = RetentionSettings()

    /// The key of a setting in the file; dots stand for nesting. The environment variable is
    /// `OPAL_` and the key in capitals with underscores: `cardholder.port` is
    /// `OPAL_CARDHOLDER_PORT`.
    enum Key: String, CaseIterable {
        case data
        case passphraseFile
        case highWater
        case host
        case cardholderPort = "cardholder.port"
        case cardholderOrigin = "cardholder.origin"
        case shopPort = "shop.port"
        case shopOrigin = "shop.origin"
        case bankPort = "bank.port"
        case bankOrigin = "bank.origin"
        case airlinePort = "airline.port"
        case airlineOrigin = "airline.origin"
        case airlineName = "airline.name"
        case airlineLinkHost = "airline.linkHost"
        case airlineLinkPort = "airline.linkPort"
        case opalServerName = "opalServer.name"
        case opalServerHost = "opalServer.host"
        case opalServerPort = "opalServer.port"
        case consolePort = "console.port"
        case consoleHost = "console.host"
        case telemetryPort = "telemetry.port"
        case telemetryHost = "telemetry.host"
        case logFormat = "log.format"
        case logLevel = "log.level"
        case tls
        case certificates
        case siteCertificate
        case paymentServerName = "paymentServer.name"
        case paymentServerHost = "paymentServer.host"
        case paymentServerPort = "paymentServer.port"
        case loadServerName = "loadServer.name"
        case loadServerHost = "loadServer.host"
        case loadServerPort = "loadServer.port"
        case clientTerminalsPort = "clientTerminals.port"
        case clientTerminalsOrigin = "clientTerminals.origin"
        case terminals
        case remoteTerminals
        case terminalHost = "terminal.host"
        case terminalPort = "terminal.port"
        case concentratorName = "concentrator.name"
        case concentratorHost = "concentrator.host"
        case concentratorPort = "concentrator.port"
        case concentrationName = "concentration.name"
        case concentrationHost = "concentration.host"
        case concentrationPort = "concentration.port"
        case clearingName = "clearing.name"
        case clearingHost = "clearing.host"
        case clearingPort = "clearing.port"
        case batchesCount = "batches.count"
        case batchesMinutes = "batches.minutes"
        case batchesDayEnd = "batches.dayEnd"
        case retentionMailDays = "retention.mailDays"
        case retentionAccountDays = "retention.accountDays"
        case newCardIssuer
        case behindProxy
        case gatewayName = "gateway.name"
        case gatewayHost = "gateway.host"
        case gatewayPort = "gateway.port"
        case gatewayAcquirer = "gateway.acquirer"
        case gatewayCurrencies = "gateway.currencies"
        case networkName = "network.name"
        case networkHost = "network.host"
        case networkPort = "network.port"
        case networkTLS = "network.tls"
        case networkDialect = "network.dialect"
        case networkKeyCheckValue = "network.keyCheckValue"
        case networkOpeningBalance = "network.openingBalance"
        case networkBehaviours = "network.behaviours"
        case loadModule
        case acceptorTerminal = "acceptor.terminal"
        case acceptorMerchant = "acceptor.merchant"
        case acceptorName = "acceptor.name"
        case acceptorCity = "acceptor.city"
        case acceptorCountry = "acceptor.country"
    }

    static let terminalsRange = 0...1000

    /// The settings of `opal up`: everything on this machine, plain HTTP on localhost.
    static func up(data: String, port: Int) -> ServerSettings {
        ServerSettings(
            data: data,
            passphraseFile: nil,
            host: "127.0.0.1",
            cardholderPort: port,
            cardholderOrigin: "http://localhost:\(port)",
            shopPort: port + 1,
            shopOrigin: "http://localhost:\(port + 1)",
            bankPort: port + 3,
            bankOrigin: "http://localhost:\(port + 3)",
            airlinePort: port + 4,
            airlineOrigin: "http://localhost:\(port + 4)",
            airlineName: Role.airline.rawValue,
            airlineLinkHost: nil,
            airlineLinkPort: port + 17,
            opalServerName: Role.opalServer.rawValue,
            opalServerHost: "127.0.0.1",
            opalServerPort: port + 16,
            consolePort: port + 9,
            consoleHost: "127.0.0.1",
            telemetryPort: port + 8,
            telemetryHost: "127.0.0.1",
            usesTLS: false,
            certificates: "\(data)/ca",
            siteCertificate: "site",
            paymentServerName: "payment-server",
            paymentServerHost: "127.0.0.1",
            paymentServerPort: port + 10,
            loadServerName: Role.loadServer.rawValue,
            loadServerHost: "127.0.0.1",
            loadServerPort: port + 13,
            clientTerminalsPort: port + 2,
            clientTerminalsOrigin: "http://localhost:\(port + 2)",
            terminals: 16,
            remoteTerminals: "",
            terminalHost: "127.0.0.1",
            terminalPort: port + 11,
            concentratorName: Role.concentrator.rawValue,
            concentratorHost: nil,
            concentratorPort: port + 12,
            newCardIssuer: Founding.issuer,
            isBehindProxy: false
        )
    }

    /// Reads file and environment.
    ///
    /// - Throws: `CommandFailure` that names the key and says what it must be.
    static func read(file: String?) async throws -> ServerSettings {
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider().prefixKeys(with: "opal")
        ]
        if let file {
            try refuseUnknownKeys(in: file)
            providers.append(try await FileProvider<JSONSnapshot>(filePath: FilePath(file)))
        }
        let reader = SettingsReader(ConfigReader(providers: providers))
        var settings = ServerSettings.up(data: reader.text(.data, "data"), port: 8400)
        settings.passphraseFile = reader.optionalText(.passphraseFile)
        settings.host = reader.text(.host, settings.host)
        settings.cardholderPort = try reader.port(.cardholderPort, 8400)
        settings.shopPort = try reader.port(.shopPort, 8401)
        settings.bankPort = try reader.port(.bankPort, 8403)
        settings.consolePort = try reader.port(.consolePort, 8409)
        settings.consoleHost = reader.text(.consoleHost, settings.consoleHost)
        try settings.readOperation(reader)
        settings.usesTLS = reader.flag(.tls, true)
        let scheme = settings.usesTLS ? "https" : "http"
        settings.cardholderOrigin = try reader.origin(
            .cardholderOrigin,
            "\(scheme)://localhost:\(settings.cardholderPort)"
        )
        settings.shopOrigin = try reader.origin(
            .shopOrigin,
            "\(scheme)://localhost:\(settings.shopPort)"
        )
        settings.bankOrigin = try reader.origin(
            .bankOrigin,
            "\(scheme)://localhost:\(settings.bankPort)"
        )
        try settings.readLoyalty(reader, scheme)
        settings.certificates = reader.text(.certificates, "\(settings.data)/ca")
        settings.siteCertificate = reader.text(.siteCertificate, "site")
        settings.paymentServerName = reader.text(.paymentServerName, "payment-server")
        settings.paymentServerHost = reader.text(.paymentServerHost, "127.0.0.1")
        settings.paymentServerPort = try reader.port(.paymentServerPort, 8410)
        settings.loadServerName = reader.text(.loadServerName, settings.loadServerName)
        settings.loadServerHost = reader.text(.loadServerHost, settings.loadServerHost)
        settings.loadServerPort = try reader.port(.loadServerPort, 8413)
        settings.clientTerminalsPort = try reader.port(.clientTerminalsPort, 8402)
        settings.clientTerminalsOrigin = try reader.optionalText(.clientTerminalsOrigin).map {
            _ in try reader.origin(.clientTerminalsOrigin, "")
        }
        settings.terminals = try reader.number(.terminals, 16, terminalsRange)
        settings.remoteTerminals = reader.text(.remoteTerminals, "")
        settings.terminalHost = reader.text(.terminalHost, "127.0.0.1")
        settings.terminalPort = try reader.port(.terminalPort, 8411)
        try settings.readConcentrator(reader)
        settings.newCardIssuer = reader.text(.newCardIssuer, Founding.issuer)
        settings.isBehindProxy = reader.flag(.behindProxy, false)
        settings.funding = try FundingSettings(reader)
        settings.collection = try CollectionSettings(reader)
        settings.retention = try RetentionSettings(reader)
        return settings
    }

    private mutating func readConcentrator(_ reader: SettingsReader) throws {
        concentratorName = reader.text(.concentratorName, concentratorName)
        concentratorHost = reader.optionalText(.concentratorHost)
        concentratorPort = try reader.port(.concentratorPort, 8412)
    }

    /// What the operator alone sees of a process.
    private mutating func readOperation(_ reader: SettingsReader) throws {
        telemetryPort = try reader.optionalPort(.telemetryPort)
        telemetryHost = reader.text(.telemetryHost, telemetryHost)
        highWater = reader.optionalText(.highWater)
        log = try LogSettings(reader)
    }

    /// The airline, and where it and the OPAL server reach each other.
    private mutating func readLoyalty(_ reader: SettingsReader, _ scheme: String) throws {
        airlinePort = try reader.port(.airlinePort, 8404)
        airlineName = reader.text(.airlineName, airlineName)
        airlineLinkHost = reader.optionalText(.airlineLinkHost)
        airlineLinkPort = try reader.port(.airlineLinkPort, 8417)
        opalServerName = reader.text(.opalServerName, opalServerName)
        opalServerHost = reader.text(.opalServerHost, opalServerHost)
        opalServerPort = try reader.port(.opalServerPort, 8416)
        airlineOrigin = try reader.origin(
            .airlineOrigin,
            "\(scheme)://localhost:\(airlinePort)"
        )
    }

    /// A misspelt key would be passed over in silence; so each one must be known.
    private static func refuseUnknownKeys(in file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure("There is no configuration file \(file).")
        }
        guard let object = try? JSONSerialization.jsonObject(with: data),
            let root = object as? [String: Any]
        else { throw CommandFailure("\(file) is not a JSON object.") }
        let known = Set(Key.allCases.map(\.rawValue))
        let unknown = flatten(root, "").filter { !known.contains($0) }.sorted()
        guard unknown.isEmpty else {
            throw CommandFailure(
                "\(file) has unknown keys: \(unknown.joined(separator: ", ")). Known are: "
                    + known.sorted().joined(separator: ", ") + "."
            )
        }
    }

    private static func flatten(_ object: [String: Any], _ prefix: String) -> [String] {
        object.flatMap { key, value in
            if let inner = value as? [String: Any] {
                return flatten(inner, prefix + key + ".")
            }
            return [prefix + key]
        }
    }
}
