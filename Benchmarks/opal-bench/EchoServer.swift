// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL

/// The bound: the same server library over the same TLS, giving a form back as it came.
enum EchoServer {
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
