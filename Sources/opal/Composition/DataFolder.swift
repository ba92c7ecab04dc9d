// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The data folder of one machine: a folder for each party, readable by its owner only, and a lock
/// that keeps a second server out.
struct DataFolder {
    let path: String

    /// What stands in the folder of a party.
    enum Party: String, CaseIterable {
        case opalServer = "opal-server"
        case paymentServer = "payment-server"
        case shop
        case loadServer = "load-server"
        case bank
        case console
        case terminal
        case gateway
        case network
        /// The web server 208' of the demo, as a merchant.
        case airline
        /// Its programmes, members and benefits.
        case loyaltyServer = "loyalty-server"
        /// What is on its way from the payment server to the clearing house.
        case concentrationPoint = "concentration"
        /// The clearing house: its parties, books and payouts.
        case clearing
    }

    init(_ path: String) {
        self.path = URL(fileURLWithPath: path).path
    }

    func folder(_ party: Party) -> String { "\(path)/\(party.rawValue)" }
    func database(_ party: Party) -> String { "\(folder(party))/\(party.rawValue).sqlite" }
    /// What the issuer keeps about its float: apart from the cards, so that neither is set back
    /// with the other (`docs/decisions/0028`).
    var floatDatabase: String { "\(folder(.opalServer))/issuer-float.sqlite" }
    func keyFile(_ party: Party) -> String { "\(folder(party))/module.key" }
    var certificates: String { "\(path)/ca" }
    /// Files of settlement: what goes to banks.
    var settlementFiles: String { "\(folder(.clearing))/settlement" }
    /// How the simulated funding network behaves.
    var networkBehaviours: String { "\(folder(.network))/behaviours" }
    var demoPassword: String { "\(path)/demo-password" }
    var bankPassword: String { "\(path)/bank-password" }
    var consolePassword: String { "\(path)/console-password" }

    func exists(_ party: Party) -> Bool {
        FileManager.default.fileExists(atPath: keyFile(party))
    }

    func hasDatabase(_ party: Party) -> Bool {
        FileManager.default.fileExists(atPath: database(party))
    }

    /// Makes the folder and that of a party, mode 0700.
    func make(_ party: Party? = nil) throws {
        try FileManager.default.createDirectory(
            atPath: party.map(folder) ?? path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// Writes a small secret, readable by its owner only.
    func write(secret: String, to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandFailure("\(path) cannot be written.") }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: Data((secret + "\n").utf8))
        try handle.synchronize()
    }

    static func read(secret path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8)
        else { throw CommandFailure("\(path) cannot be read.") }
        return text.trimmingCharacters(in: .newlines)
    }

    /// Takes the lock of a party's folder for as long as the value lives.
    func lock(_ party: Party) throws -> FolderLock {
        try FolderLock("\(folder(party))/lock")
    }
}

/// An advisory lock on a file; the system drops it with the process, however that ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(path) cannot be opened.") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CommandFailure(
                "Another opal server uses \(path). Stop it, or choose another data folder."
            )
        }
    }

    deinit {
        close(descriptor)
    }
}

/// Why a command ends, in words for the person who gave it.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
