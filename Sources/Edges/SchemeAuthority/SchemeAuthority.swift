// SPDX-License-Identifier: Apache-2.0

import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// The certificate authority of one scheme: the only trust root of the links between its parties.
///
/// Keys are P-256. The authority's key is needed only to issue; parties run without it.
package struct SchemeAuthority: Sendable, CustomStringConvertible {
    /// What a certificate may be used for.
    package enum Use: Sendable {
        /// Both ends of links.
        case party
        /// A web server alone: no link takes it as the certificate of a caller.
        case site
    }

    /// The files are `ca.pem` and `ca.key`.
    static let fileName = "ca"
    /// Certificates begin to be valid a little before now, for parties whose clock is behind.
    static let clockSkew: TimeInterval = 5 * 60
    static let validityMax = Duration.seconds(100 * 366 * 86_400)
    /// Ten years.
    package static let authorityValidity = Duration.seconds(3_652 * 86_400)
    /// A year and a month: issued yearly, with time to do it.
    package static let partyValidity = Duration.seconds(396 * 86_400)

    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey
    /// The certificate of the authority, for those who trust it.
    package let certificatePEM: String

    private init(
        certificate: Certificate,
        key: P256.Signing.PrivateKey
    ) throws(AuthorityFailure) {
        self.certificate = certificate
        self.key = key
        certificatePEM = try Self.pem(certificate)
    }

    package var description: String { "authority \(certificate.subject)" }

    /// Makes a new authority with a new key. Nothing is written.
    package static func make(
        name: String,
        now: Date,
        validity: Duration = authorityValidity
    ) throws(AuthorityFailure) -> SchemeAuthority {
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let certificate = try made {
            let subject = try DistinguishedName { CommonName(name) }
            return try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-clockSkew),
                notValidAfter: now.addingTimeInterval(try seconds(validity)),
                issuer: subject,
                subject: subject,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                },
                issuerPrivateKey: Certificate.PrivateKey(key)
            )
        }
        return try SchemeAuthority(certificate: certificate, key: key)
    }

    /// Issues a certificate with a new key.
    ///
    /// - Parameters:
    ///   - party: the name of the party; it becomes the first DNS name.
    ///   - dnsNames: further names, for browsers.
    ///   - ipAddresses: addresses, for browsers.
    ///   - use: what the certificate may be used for.
    ///   - now: the time; the certificate is valid from a little before.
    ///   - validity: cut to the end of the authority's own.
    /// - Returns: the certificate with its key; nothing is written.
    /// - Throws: `.badName`, `.badAddress`, `.badValidity`.
    package func issue(
        _ party: String,
        dnsNames: [String] = [],
        ipAddresses: [String] = [],
        use: Use = .party,
        now: Date,
        validity: Duration = partyValidity
    ) throws(AuthorityFailure) -> PartyCertificate {
        let name = try PartyName.checked(party)
        let names = try Self.generalNames([name] + dnsNames, ipAddresses)
        let leafKey = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(leafKey.publicKey)
        let leaf = try Self.made {
            // What outlives its authority is of no use.
            let end = min(
                now.addingTimeInterval(try Self.seconds(validity)),
                certificate.notValidAfter
            )
            return try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-Self.clockSkew),
                notValidAfter: end,
                issuer: certificate.subject,
                subject: try DistinguishedName { CommonName(name) },
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage(
                        use == .party ? [.serverAuth, .clientAuth] : [.serverAuth]
                    )
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(hash: publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: try certificate.extensions.subjectKeyIdentifier?
                            .keyIdentifier
                    )
                },
                issuerPrivateKey: Certificate.PrivateKey(key)
            )
        }
        return PartyCertificate(
            name: name,
            certificatePEM: try Self.pem(leaf),
            keyPEM: leafKey.pemRepresentation,
            authorityPEM: certificatePEM,
            notValidAfter: leaf.notValidAfter
        )
    }

    private static func generalNames(
        _ dnsNames: [String],
        _ ipAddresses: [String]
    ) throws(AuthorityFailure) -> [GeneralName] {
        var names: [GeneralName] = []
        for name in dnsNames {
            let general = GeneralName.dnsName(try PartyName.checkedDNSName(name))
            if !names.contains(general) { names.append(general) }
        }
        for address in ipAddresses {
            guard let bytes = IPAddressBytes.parse(address) else { throw .badAddress(address) }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        return names
    }

    private static func seconds(_ validity: Duration) throws(AuthorityFailure) -> TimeInterval {
        if validity < .seconds(1) || validity > validityMax { throw .badValidity }
        return TimeInterval(validity.components.seconds)
    }

    private static func made<Made>(_ make: () throws -> Made) throws(AuthorityFailure) -> Made {
        do {
            return try make()
        } catch let failure as AuthorityFailure {
            throw failure
        } catch {
            throw .notMade
        }
    }

    private static func pem(_ certificate: Certificate) throws(AuthorityFailure) -> String {
        try made { try certificate.serializeAsPEM().pemString }
    }

    // MARK: Files

    /// Writes `ca.pem` and `ca.key` (0600); an authority that is there is not overwritten.
    package func save(in folder: String) throws(AuthorityFailure) {
        let files = CertificateFiles(folder: folder)
        try files.makeFolder()
        for path in [files.keyPath(Self.fileName), files.certificatePath(Self.fileName)]
        where files.exists(path) {
            throw .alreadyThere(path: path)
        }
        try files.writeKey(key.pemRepresentation, of: Self.fileName)
        try files.writeCertificate(certificatePEM, of: Self.fileName)
    }

    /// Reads what ``save(in:)`` wrote and checks that it fits together and is valid now.
    package static func load(
        from folder: String,
        now: Date
    ) throws(AuthorityFailure) -> SchemeAuthority {
        let files = CertificateFiles(folder: folder)
        let path = files.certificatePath(fileName)
        let pem = try files.readCertificate(fileName)
        let certificate = try CertificateChecks.certificate(pem, from: path)
        try CertificateChecks.requireAuthority(certificate, from: path)
        try CertificateChecks.requireValid(certificate, from: path, now: now)
        let keyPEM = try files.readKey(fileName)
        let key = try CertificateChecks.key(
            keyPEM,
            from: files.keyPath(fileName),
            of: certificate
        )
        return try SchemeAuthority(certificate: certificate, key: key)
    }
}
