// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import NIOSSL

/// Who a party is on its links: its certificate and key, and the only authority that it trusts.
package struct LinkIdentity: Sendable, CustomStringConvertible {
    /// The name of this party: the first DNS name in its certificate.
    package let name: String
    private let chain: [NIOSSLCertificate]
    private let key: NIOSSLPrivateKey
    private let authority: [NIOSSLCertificate]

    /// - Throws: `NIOSSLError` for what is not PEM; `LinkConnectionError.peerNotAllowed` for a
    ///   certificate without a DNS name.
    package init(certificatePEM: String, keyPEM: String, authorityPEM: String) throws {
        chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
        key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        authority = try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8))
        guard let name = chain.first?.linkName else {
            throw LinkConnectionError.peerNotAllowed
        }
        self.name = name
    }

    package var description: String { "identity of \(name)" }

    package func clientContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        restrict(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    package func serverContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        restrict(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    /// TLS 1.3 alone, the scheme's authority alone, a certificate at both ends. The name is
    /// compared after the handshake by both ends with one rule, which knows no wildcards.
    private func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(authority)
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        configuration.shutdownTimeout = .seconds(1)
    }
}

extension NIOSSLCertificate {
    /// The first DNS name among the subject alternative names, in lower case. It is the name of the
    /// party on links; further names are for browsers.
    package var linkName: String? {
        for name in _subjectAlternativeNames() where name.nameType == .dnsName {
            return String(decoding: name.contents, as: UTF8.self).lowercased()
        }
        return nil
    }
}
