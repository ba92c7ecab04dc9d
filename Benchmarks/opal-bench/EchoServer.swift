// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL

/// The bound: the same server library over the same TLS, giving a form back as it came.
enum EchoServer {
    private static let port = 18420

    /// Starts it as a process of its own.
    static func start(_ processes: Processes, certificates: String) async throws {
        try await processes.start(
            "echo",
            CommandLine.arguments[0],
            ["echo", "\(port)", certificates]
        )
    }

    /// Sends it forms like that of a consent.
    static func measure(
        _ browser: Browser,
        _ clients: Int,
        _ operations: Int
    ) async throws -> Samples {
        let address = "https://localhost:\(port)/echo"
        let fields = [("csrf", String(repeating: "x", count: 43)), ("decision", "pay")]
        return try await Samples.run(callers: clients, operations: operations) { _, _ in
            let answer = try await browser.post(address, fields, cookie: "x=y")
            guard answer.status == 200 else { throw BenchFailure("the echo is silent") }
        }
    }

    /// `certificates`: the folder with `site.pem` and `site.key`.
    static func run(port: Int, certificates: String) async throws {
        let router = Router()
        router.post("/echo") { request, _ in
            let body = try await request.body.collect(upTo: 64 * 1024)
            return Response(status: .ok, body: ResponseBody(byteBuffer: body))
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile("\(certificates)/site.pem")
                .map { .certificate($0) },
            privateKey: .privateKey(
                try NIOSSLPrivateKey(file: "\(certificates)/site.key", format: .pem)
            )
        )
        tls.minimumTLSVersion = .tlsv12
        var logger = Logger(label: "echo")
        logger.logLevel = .error
        let application = Application(
            router: router,
            server: try .tls(.http1(), tlsConfiguration: tls),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { _ in
                print("ready")
                fflush(nil)
            },
            logger: logger
        )
        try await application.runService()
    }
}
