// SPDX-License-Identifier: Apache-2.0

import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// The certificate of a party with its key and the certificate of the authority, as PEM texts that
/// the TLS edges take.
package struct PartyCertificate: Sendable, CustomStringConvertible {
    /// The name of the party: also its file name and the first DNS name in the certificate.
    package let name: String
    package let certificatePEM: String
    /// Secret.
    package let keyPEM: String
    package let authorityPEM: String
    package let notValidAfter: Date

    package var description: String {
        "certificate of \(name), valid until \(notValidAfter.formatted(.iso8601))"
    }

    /// Writes `<name>.pem`, `<name>.key` (0600) and, if it is not there, `ca.pem`; replaces what an
    /// earlier issue wrote.
    package func save(in folder: String) throws(AuthorityFailure) {
        let files = CertificateFiles(folder: folder)
        try files.makeFolder()
        if !files.exists(files.certificatePath(SchemeAuthority.fileName)) {
            try files.writeCertificate(authorityPEM, of: SchemeAuthority.fileName)
        }
        try files.writeKey(keyPEM, of: name)
        try files.writeCertificate(certificatePEM, of: name)
    }

    /// Reads what ``save(in:)`` wrote and checks that it fits together and is valid now.
    package static func load(
        _ name: String,
        from folder: String,
        now: Date
    ) throws(AuthorityFailure) -> PartyCertificate {
        let name = try PartyName.checked(name)
        let files = CertificateFiles(folder: folder)
        let authorityPath = files.certificatePath(SchemeAuthority.fileName)
        let authorityPEM = try files.readCertificate(SchemeAuthority.fileName)
        let authority = try CertificateChecks.certificate(authorityPEM, from: authorityPath)
        try CertificateChecks.requireAuthority(authority, from: authorityPath)
        try CertificateChecks.requireValid(authority, from: authorityPath, now: now)

        let path = files.certificatePath(name)
        let certificatePEM = try files.readCertificate(name)
        let certificate = try CertificateChecks.certificate(certificatePEM, from: path)
        try CertificateChecks.requireValid(certificate, from: path, now: now)
        if !authority.publicKey.isValidSignature(certificate.signature, for: certificate) {
            throw .notOfThisAuthority(path: path)
        }
        let keyPEM = try files.readKey(name)
        _ = try CertificateChecks.key(keyPEM, from: files.keyPath(name), of: certificate)
        return PartyCertificate(
            name: name,
            certificatePEM: certificatePEM,
            keyPEM: keyPEM,
            authorityPEM: authorityPEM,
            notValidAfter: certificate.notValidAfter
        )
    }
}

/// Checks of what was read from files.
enum CertificateChecks {
    static func certificate(
        _ pem: String,
        from path: String
    ) throws(AuthorityFailure) -> Certificate {
        do {
            return try Certificate(pemEncoded: pem)
        } catch {
            throw .notACertificate(path: path)
        }
    }

    static func requireAuthority(
        _ certificate: Certificate,
        from path: String
    ) throws(AuthorityFailure) {
        guard let constraints = try? certificate.extensions.basicConstraints,
            case .isCertificateAuthority = constraints
        else { throw .notAnAuthority(path: path) }
    }

    static func requireValid(
        _ certificate: Certificate,
        from path: String,
        now: Date
    ) throws(AuthorityFailure) {
        if now > certificate.notValidAfter {
            throw .expired(path: path, since: certificate.notValidAfter)
        }
        if now < certificate.notValidBefore {
            throw .notYetValid(path: path, until: certificate.notValidBefore)
        }
    }

    static func key(
        _ pem: String,
        from path: String,
        of certificate: Certificate
    ) throws(AuthorityFailure) -> P256.Signing.PrivateKey {
        let key: P256.Signing.PrivateKey
        do {
            key = try P256.Signing.PrivateKey(pemRepresentation: pem)
        } catch {
            throw .notAKey(path: path)
        }
        if Certificate.PublicKey(key.publicKey) != certificate.publicKey {
            throw .keyOfAnother(path: path)
        }
        return key
    }
}
