// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SchemeAuthority

struct CACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca",
        abstract: "The scheme's certificate authority for links and sites.",
        discussion: """
            Servers speak to each other over mutual TLS 1.3 under the scheme's own authority. Its \
            files stand in the folder `ca` of the data folder; keep ca.key off the servers once \
            the certificates are issued.
            """,
        subcommands: [Init.self, Issue.self, List.self]
    )

    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make the authority.")

        @Option(name: .long, help: "The name in the authority's certificate.")
        var name = "OPAL scheme authority"
        @OptionGroup var options: DataOptions

        func run() async throws {
            try options.folder.make()
            let authority = try SchemeAuthority.make(name: name, now: Date())
            try authority.save(in: options.folder.certificates)
            print("Made \(options.folder.certificates)/ca.pem")
        }
    }

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a certificate to a party, or to a site for browsers."
        )

        @Argument(help: "The party's name on links, for instance payment-server.")
        var party: String
        @Option(name: .long, help: "A further DNS name; may be given several times.")
        var dns: [String] = []
        @Option(name: .long, help: "An IP address; may be given several times.")
        var ip: [String] = []
        @Flag(name: .long, help: "For a web site: browsers accept it, links do not.")
        var site = false
        @OptionGroup var options: DataOptions

        func run() async throws {
            let folder = options.folder.certificates
            let authority = try SchemeAuthority.load(from: folder, now: Date())
            let certificate = try authority.issue(
                party,
                dnsNames: dns,
                ipAddresses: ip,
                use: site ? .site : .party,
                now: Date()
            )
            try certificate.save(in: folder)
            print("Made \(folder)/\(party).pem, valid until \(certificate.notValidAfter)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the certificates.")

        private struct Line: Encodable {
            let name: String
            let validUntil: String
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let folder = options.folder.certificates
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            let names = files.filter { $0.hasSuffix(".pem") && $0 != "ca.pem" }
                .map { String($0.dropLast(4)) }.sorted()
            let lines = names.map { name in
                let loaded = try? PartyCertificate.load(name, from: folder, now: Date())
                return Line(
                    name: name,
                    validUntil: loaded.map { "\($0.notValidAfter)" } ?? "cannot be used"
                )
            }
            if output.json { return try Output.json(lines) }
            Output.table(["name", "valid until"], lines.map { [$0.name, $0.validUntil] })
        }
    }
}
