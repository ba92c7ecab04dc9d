// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOSSL
package import Traces

/// How the terminal goes about a payment.
package struct TerminalSettings: Sendable {
    /// Where the file that was bought goes.
    package var folder: String
    /// A file with certificates in PEM that are trusted besides the system's.
    package var authorityFile: String?
    /// Http over a network, for a trial without certificates.
    package var allowsPlainHTTP = false
    /// The only site that may be given the password; nil for the one that the shop sends us to.
    package var cardSite: Origin?
    /// The payment servers that a card in a reader may be used with. Where there is none, those of
    /// this computer may be, for a shop of this computer.
    package var paymentServers: Set<Origin> = []
    package var limits = TerminalLimits()

    package init(folder: String) {
        self.folder = folder
    }
}

/// The client terminal (204, 290) without a browser: it opens a shop's page, orders, agrees on the
/// card site, takes the sealed result back to the shop and fetches what was bought.
///
/// It speaks http as a browser does and knows no more than a browser: no key, no message between
/// servers. What the sites let a browser do, they let it do.
package struct ClientTerminal: Sendable {
    /// Asks the person, who sees the bill. Throwing ends the payment before anything is agreed.
    package typealias Consent = @Sendable (Bill) async throws(TerminalFailure) -> Credentials

    private let settings: TerminalSettings
    private let compare: LockedResult.Compare?
    private let pause: @Sendable (Int) async throws -> Void
    private let now: @Sendable () -> Date
    private let trace: TraceContext

    /// - Parameters:
    ///   - settings: folder, trust and limits.
    ///   - compare: compares S3 where a merchant leaves this to the client terminal; without it,
    ///     the card site does, as for a browser without script.
    ///   - trace: the work that the payment is; every request is a part of it.
    ///   - now: the time, which ends cookies.
    ///   - pause: waits for so many seconds before a pending page is asked for again.
    package init(
        _ settings: TerminalSettings,
        compare: LockedResult.Compare? = nil,
        trace: TraceContext,
        now: @escaping @Sendable () -> Date = { Date() },
        pause: @escaping @Sendable (Int) async throws -> Void = {
            try await Task.sleep(for: .seconds($0))
        }
    ) {
        self.settings = settings
        self.compare = compare
        self.trace = trace
        self.now = now
        self.pause = pause
    }

    /// Pays for what an address shows: an article or an order. It never throws: whatever happens,
    /// the report says where the money is.
    package func pay(at address: URL, consent: @escaping Consent) async -> PaymentReport {
        await visit(address) { payment in
            payment.way = .virtualCard(consent)
            return await payment.run(address)
        }
    }

    /// Begins a payment at an address, or goes on with one.
    func visit(
        _ address: URL,
        _ body: (inout Payment) async -> PaymentReport
    ) async -> PaymentReport {
        let rules = AddressRules(start: address, allowsPlainHTTP: settings.allowsPlainHTTP)
        do throws(TerminalFailure) {
            try rules.check(address)
            let configuration = try configuration()
            return try await ClientTerminal.withClient(configuration) { client in
                var payment = Payment(
                    navigator: Navigator(
                        client: client,
                        rules: rules,
                        limits: settings.limits,
                        trace: trace,
                        now: now
                    ),
                    settings: settings,
                    compare: compare,
                    pause: pause
                )
                var report = await body(&payment)
                report.trace = trace.traceText
                return report
            }
        } catch {
            return PaymentReport(error)
        }
    }

    private static func withClient(
        _ configuration: HTTPClient.Configuration,
        _ body: (HTTPClient) async -> PaymentReport
    ) async throws(TerminalFailure) -> PaymentReport {
        var report: PaymentReport?
        do {
            report = try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                await body(client)
            }
        } catch {
            // Only closing the connections can fail, when all is done.
        }
        guard let report else { throw .network("The connections could not be closed.") }
        return report
    }

    private func configuration() throws(TerminalFailure) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .milliseconds(settings.limits.connectMillisecondsMax)
        configuration.timeout.read = .milliseconds(settings.limits.requestMillisecondsMax)
        // A person waits: who does not answer now is told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = settings.authorityFile {
            do {
                tls.additionalTrustRoots = [
                    .certificates(try NIOSSLCertificate.fromPEMFile(file))
                ]
            } catch {
                throw .addressNotAllowed("\(file) holds no certificate in PEM.")
            }
        }
        configuration.tlsConfiguration = tls
        return configuration
    }
}

extension PaymentReport {
    /// Before anything was agreed.
    init(_ failure: TerminalFailure) {
        self.init(failure.outcomeBeforeConsent)
        said = [failure.text]
    }
}

extension TerminalFailure {
    var outcomeBeforeConsent: PaymentOutcome {
        switch self {
        case .addressNotAllowed, .noCredentials: .notAllowed
        case .network, .notUnderstood, .notSaved: .failed
        }
    }
}
