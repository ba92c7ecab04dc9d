// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// One strict list for every target, tests included.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    // Bugs that tests plant in the parties; no build that is meant to run has them.
    .define("PLANTED_BUGS", .when(configuration: .debug)),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0470-isolated-conformances.md
    .enableUpcomingFeature("InferIsolatedConformances"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0481-weak-let.md
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Third-party products, each seen by the targets that name it and by no other.
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(
    name: "HummingbirdTesting",
    package: "hummingbird"
)
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let httpClient = Target.Dependency.product(
    name: "AsyncHTTPClient",
    package: "async-http-client"
)
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let configuration = Target.Dependency.product(
    name: "Configuration",
    package: "swift-configuration"
)
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let instrumentation = Target.Dependency.product(
    name: "Instrumentation",
    package: "swift-distributed-tracing"
)
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let unixSignals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)

/// What a card side, an acceptor side and every other party may see of its neighbours: messages,
/// storage and the ports of the vault.
let portsOfASide: [Target.Dependency] = ["Kernel", "Wire", "Records", "SecurityModule"]

func target(
    _ name: String,
    at path: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(path)",
        resources: resources,
        swiftSettings: strict
    )
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(name)",
        resources: resources,
        swiftSettings: strict
    )
}

let package = Package(
    name: "opal",
    products: [.executable(name: "opal", targets: ["opal"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle",
            from: "2.13.0"
        ),
    ],
    targets: [
        // The rules: no I/O, no clock, no Foundation, no cryptography.
        target("Kernel", at: "Kernel"),
        target("Wire", at: "Wire", ["Kernel"]),
        target("Records", at: "Records", ["Kernel"]),

        // The vault: the ports that everyone may see, then what holds keys.
        target("SecurityModule", at: "Vault/SecurityModule", ["Kernel", "Wire"]),
        target(
            "Keys",
            at: "Vault/Keys",
            ["Kernel", "Wire", "SecurityModule", crypto, cryptoExtras]
        ),
        target(
            "HSM",
            at: "Vault/HSM",
            ["Kernel", "Wire", "SecurityModule", "Keys", crypto, cryptoExtras]
        ),
        target(
            "SecurityCard",
            at: "Vault/SecurityCard",
            ["Kernel", "Wire", "SecurityModule", "Keys", crypto]
        ),
        target(
            "LoadSecurityModule",
            at: "Vault/LoadSecurityModule",
            ["Kernel", "Wire", "SecurityModule", "Keys"]
        ),
        target(
            "SessionKeys",
            at: "Vault/SessionKeys",
            ["Kernel", "Wire", "SecurityModule", crypto]
        ),

        // What parties that make batches, take them in or pass them on have in common; no party of
        // its own.
        target("Batches", at: "Batches", portsOfASide),

        // The parties. None sees another.
        target("ClientCode", at: "CardSide/ClientCode", ["Kernel", "Wire", "SecurityModule"]),
        target("CardEmulator", at: "CardSide/CardEmulator", portsOfASide),
        target(
            "OPALServer",
            at: "CardSide/OPALServer",
            portsOfASide + ["ClientCode", "CardEmulator"]
        ),
        target("PaymentServer", at: "AcceptorSide/PaymentServer", portsOfASide + ["Batches"]),
        target(
            "ConcentrationPoint",
            at: "AcceptorSide/ConcentrationPoint",
            portsOfASide + ["Batches"]
        ),
        target("TerminalHost", at: "AcceptorSide/TerminalHost", portsOfASide + ["Batches"]),
        target("Concentrator", at: "AcceptorSide/Concentrator", ["Wire"]),
        target("Merchant", at: "AcceptorSide/Merchant", portsOfASide),
        target("Gateway", at: "FundingSide/Gateway", portsOfASide),
        target("FundingNetwork", at: "FundingSide/FundingNetwork", portsOfASide),
        target("LoadServer", at: "FundingSide/LoadServer", portsOfASide),
        target("Bank", at: "FundingSide/Bank", portsOfASide),
        target("LoyaltyServer", at: "LoyaltyServer", portsOfASide),
        target("ClearingHouse", at: "ClearingHouse", portsOfASide + ["Batches"]),

        // The edges: one target for each dependency.
        .systemLibrary(
            name: "CSQLiteSetup",
            path: "Sources/Edges/CSQLiteSetup",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        target(
            "RecordsSQLite",
            at: "Edges/RecordsSQLite",
            ["Records", "CSQLiteSetup", grdb, grdbSQLite]
        ),
        target("Traces", at: "Edges/Traces", ["Kernel", instrumentation]),
        target(
            "LinkEdge",
            at: "Edges/LinkEdge",
            ["Wire", "Traces", instrumentation, nioCore, nioPosix, nioTLS, nioSSL]
        ),
        target(
            "NetworkEdge",
            at: "Edges/NetworkEdge",
            [
                "Wire", "Gateway", "FundingNetwork", "LinkEdge", nioCore, nioPosix, nioTLS, nioSSL,
            ]
        ),
        target("VirtualReader", at: "Edges/VirtualReader", ["Wire", nioCore, nioPosix]),
        .systemLibrary(
            name: "CPCSC",
            path: "Sources/Edges/CPCSC",
            pkgConfig: "libpcsclite",
            providers: [.apt(["libpcsclite-dev"])]
        ),
        target("PCSCReader", at: "Edges/PCSCReader", ["Wire", "CPCSC"]),
        target("SchemeAuthority", at: "Edges/SchemeAuthority", [x509, asn1, crypto]),
        target("BackUps", at: "Edges/BackUps", ["Records", "RecordsSQLite", crypto]),
        target("EarnFiles", at: "Edges/EarnFiles", ["Kernel", "LoyaltyServer", crypto]),
        target(
            "Telemetry",
            at: "Edges/Telemetry",
            [
                "Kernel", "Wire", "Records", "Traces", instrumentation, logging, metrics,
                hummingbird, httpTypes,
            ]
        ),
        target(
            "Sites",
            at: "Edges/Sites",
            portsOfASide + [
                "CardEmulator", "OPALServer", "Merchant", "PaymentServer", "Bank", "LoadServer",
                "LoyaltyServer", "ClearingHouse", "Batches", "EarnFiles", "Traces", hummingbird,
                mustache, logging, nioCore,
            ],
            resources: [.copy("Resources")]
        ),
        .systemLibrary(
            name: "CLibXML2",
            path: "Sources/Edges/CLibXML2",
            pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"])]
        ),
        .systemLibrary(
            name: "CHaru",
            path: "Sources/Edges/CHaru",
            providers: [.apt(["libhpdf-dev"])]
        ),
        target(
            "SettlementFiles",
            at: "Edges/SettlementFiles",
            ["Kernel", "Wire", "CLibXML2", "CHaru", crypto]
        ),
        target(
            "Settlement",
            at: "Edges/Settlement",
            ["Kernel", "ClearingHouse", "SettlementFiles"]
        ),
        target(
            "ClientTerminal",
            at: "Edges/ClientTerminal",
            ["Wire", "Traces", "CLibXML2", httpClient, nioCore, nioPosix, nioSSL, nioHTTP1]
        ),

        target(
            "Simulation",
            at: "Simulation",
            portsOfASide + [
                "Keys", "HSM", "SecurityCard", "LoadSecurityModule", "SessionKeys", "ClientCode",
                "CardEmulator", "OPALServer", "PaymentServer", "Merchant", "TerminalHost",
                "Concentrator", "LoadServer", "Bank", "Gateway", "FundingNetwork", "LoyaltyServer",
                "Batches", "ConcentrationPoint", "ClearingHouse", crypto,
            ]
        ),

        // The executable: commands and composition.
        .executableTarget(
            name: "opal",
            dependencies: [
                "Kernel", "Wire", "Records", "SecurityModule", "Keys", "HSM", "SecurityCard",
                "LoadSecurityModule", "SessionKeys", "ClientCode", "CardEmulator", "OPALServer",
                "Batches", "PaymentServer", "Merchant", "TerminalHost", "Concentrator",
                "ConcentrationPoint", "ClearingHouse", "Settlement", "SettlementFiles",
                "LoadServer", "Bank", "Gateway", "FundingNetwork", "LoyaltyServer",
                "RecordsSQLite", "LinkEdge", "NetworkEdge", "VirtualReader", "PCSCReader",
                "SchemeAuthority", crypto, "BackUps", "EarnFiles", "Sites", "ClientTerminal",
                argumentParser, configuration, logging, lifecycle, unixSignals, nioCore, nioPosix,
                nioSSL, hummingbird, hummingbirdCore, hummingbirdTLS, httpClient, "Telemetry",
                "Traces", instrumentation, metrics,
            ],
            path: "Sources/opal",
            swiftSettings: strict
        ),

        tests("TidyTests", []),
        tests("KernelTests", ["Kernel"]),
        tests("WireTests", ["Kernel", "Wire"]),
        tests(
            "VaultTests",
            [
                "Kernel", "Wire", "Records", "SecurityModule", "Keys", "HSM", "SecurityCard",
                "LoadSecurityModule", "CardEmulator", "ClientCode", crypto,
            ]
        ),
        tests("OPALServerTests", ["Kernel", "Wire", "Records", "SecurityModule", "OPALServer"]),
        tests(
            "FloatTests",
            portsOfASide + [
                "Simulation", "Keys", "HSM", "CardEmulator", "OPALServer", "PaymentServer",
                "Merchant",
            ]
        ),
        tests(
            "FundingTests",
            portsOfASide + ["Simulation", "Keys", "HSM", "CardEmulator", "OPALServer"]
        ),
        tests(
            "PointsTests",
            portsOfASide + [
                "Simulation", "Keys", "HSM", "CardEmulator", "OPALServer", "PaymentServer",
                "Merchant",
            ]
        ),
        tests(
            "SimulationTests",
            portsOfASide + [
                "Simulation", "ClientCode", "CardEmulator", "OPALServer", "PaymentServer",
                "Merchant", "LoadServer", "Bank", "Gateway", "FundingNetwork", "LoyaltyServer",
            ]
        ),
        tests(
            "PurchaseTests",
            portsOfASide + [
                "Simulation", "RecordsSQLite", "SessionKeys", "ClientCode", "CardEmulator",
                "OPALServer", "PaymentServer", "Merchant",
            ]
        ),
        tests(
            "LoadTests",
            portsOfASide + [
                "Simulation", "RecordsSQLite", "Keys", "HSM", "LoadSecurityModule", "SessionKeys",
                "ClientCode", "CardEmulator", "OPALServer", "LoadServer", "Bank",
            ]
        ),
        tests(
            "AttackTests",
            portsOfASide + [
                "Simulation", "RecordsSQLite", "SessionKeys", "ClientCode", "CardEmulator",
                "OPALServer", "PaymentServer", "Merchant",
            ]
        ),
        tests(
            "SitesTests",
            portsOfASide + [
                "Simulation", "Sites", "Keys", "HSM", "SecurityCard", "LoadSecurityModule",
                "SessionKeys", "CardEmulator", "OPALServer", "PaymentServer", "Merchant",
                "LoadServer", "Bank", "LoyaltyServer", "EarnFiles", "ClearingHouse",
                "Settlement", "Traces", instrumentation, hummingbird, hummingbirdTesting, httpTypes,
                nioCore,
            ]
        ),
        tests("TracesTests", ["Kernel", "Traces", instrumentation]),
        tests(
            "TelemetryTests",
            [
                "Kernel", "Wire", "Records", "Traces", "Telemetry", instrumentation, logging,
                hummingbird, hummingbirdTesting, httpTypes,
            ]
        ),
        tests(
            "ClientTerminalTests",
            [
                "Wire", "Traces", "ClientTerminal", hummingbird, hummingbirdTesting, httpTypes,
                mustache, nioCore,
            ]
        ),
        tests("RecordsTests", ["Records", "RecordsSQLite", grdb]),
        tests("BackUpTests", ["Records", "RecordsSQLite", "BackUps"]),
        tests("SessionKeysTests", ["Kernel", "Wire", "SecurityModule", "SessionKeys", crypto]),
        tests(
            "LinkEdgeTests",
            [
                "Wire", "Traces", "LinkEdge", "SchemeAuthority", instrumentation, nioCore, nioPosix,
                nioEmbedded, nioSSL,
            ]
        ),
        tests(
            "TerminalTests",
            portsOfASide + [
                "Simulation", "SessionKeys", "LinkEdge", "SchemeAuthority", "PaymentServer",
                "TerminalHost", "Concentrator", "OPALServer", "Merchant", nioPosix,
            ]
        ),
        tests(
            "GatewayTests",
            portsOfASide + [
                "Keys", "HSM", "CardEmulator", "OPALServer", "Gateway", "FundingNetwork",
                "Simulation",
            ]
        ),
        tests(
            "NetworkEdgeTests",
            portsOfASide + [
                "Keys", "Gateway", "FundingNetwork", "LinkEdge", "NetworkEdge", "SchemeAuthority",
                "Simulation", nioCore, nioPosix, nioEmbedded,
            ]
        ),
        tests(
            "OpalTests",
            [
                "Kernel", "Wire", "Keys", "HSM", "SecurityModule", "CardEmulator", "Bank",
                "Gateway", "FundingNetwork", "OPALServer", "Batches", "PaymentServer",
                "TerminalHost", "ConcentrationPoint", "ClearingHouse", "NetworkEdge", "Records",
                "RecordsSQLite", "BackUps", "Sites", "opal", argumentParser, logging,
            ]
        ),
        tests(
            "CollectionTests",
            portsOfASide + [
                "Simulation", "RecordsSQLite", "Keys", "SecurityCard", "Batches", "PaymentServer",
                "TerminalHost", "ConcentrationPoint", "OPALServer", "Merchant", crypto,
            ]
        ),
        tests(
            "ClearingTests",
            portsOfASide + [
                "Simulation", "RecordsSQLite", "Keys", "HSM", "Batches", "ClearingHouse",
                "PaymentServer", "OPALServer", "Settlement", "SettlementFiles", crypto,
            ]
        ),
        tests(
            "RefundTests",
            portsOfASide + [
                "Simulation", "Keys", "HSM", "SessionKeys", "Batches", "CardEmulator",
                "OPALServer", "PaymentServer", "Merchant", "ConcentrationPoint", "ClearingHouse",
                "Sites", crypto,
            ]
        ),
        tests(
            "LoyaltyTests",
            portsOfASide + ["LoyaltyServer", "RecordsSQLite", "Keys", "Simulation"]
        ),
        tests("SettlementTests", ["Kernel", "SettlementFiles"]),
        tests("VirtualReaderTests", ["Wire", "VirtualReader", nioCore, nioPosix]),
        tests("LoyaltyServerTests", portsOfASide + ["Keys", "LoyaltyServer"]),
        tests(
            "MerchantTests",
            ["Kernel", "Wire", "Records", "SecurityModule", "Keys", "SessionKeys", "Merchant"]
        ),
    ]
)

// The benchmarks are built on request only: `scripts/bench` sets the variable.
if Context.environment["OPAL_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "opal-bench",
            dependencies: [
                "Kernel", "Wire", "Records", "SecurityModule", "Keys", "HSM", "CardEmulator",
                "LoyaltyServer", "ClearingHouse", "RecordsSQLite", hummingbird, hummingbirdCore,
                hummingbirdTLS, httpClient, logging, nioCore, nioPosix, nioHTTP1, nioSSL,
            ],
            path: "Benchmarks/opal-bench",
            swiftSettings: strict
        )
    )
}

// The simulator as a program of its own, likewise: `scripts/simulate` sets the variable.
if Context.environment["OPAL_SIMULATE"] != nil {
    package.targets.append(
        .executableTarget(
            name: "opal-simulate",
            dependencies: ["Simulation"],
            path: "Sources/opal-simulate",
            swiftSettings: strict
        )
    )
}
