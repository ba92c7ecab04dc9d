// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Kernel
import Keys
import Testing

/// The worked cases of the purse profile: every JSON file in `Tests/Vectors/purse`, or in the
/// folder that the environment variable OPAL_VECTORS names.
enum PurseVectors {
    private struct File: Decodable {
        let cases: [PurseVector]
    }

    static var folder: URL {
        if let path = ProcessInfo.processInfo.environment["OPAL_VECTORS"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors/purse")
    }

    static let all = Result { try read() }

    /// The cases; none where they cannot be read, which a test of its own reports.
    static var cases: [PurseVector] { (try? all.get()) ?? [] }

    private static func read() throws -> [PurseVector] {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        )
        return try files.filter { $0.pathExtension == "json" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .flatMap { try JSONDecoder().decode(File.self, from: Data(contentsOf: $0)).cases }
    }
}

/// One case, as the file has it: hexadecimal text, `MERCH` as characters.
struct PurseVector: Decodable, Sendable, CustomTestStringConvertible {
    struct Keys: Decodable, Sendable {
        let purchase: String
        let load: String
        let completion: String
        let proof: String
    }

    struct Purchase: Decodable, Sendable {
        struct Refused: Decodable, Sendable {
            let CC: String
            let S3: String
        }

        let TI: String
        let S2: String
        let CC: String
        let balanceAfter: String
        let S3: String
        let S6: String
        let refused: Refused
        let voidProof: String
    }

    struct Load: Decodable, Sendable {
        let TI: String
        let IDBANK: String
        let R: String
        let S1: String
        let CC: String
        let S2: String
        let balanceAfter: String
        let S3: String
    }

    let masterKeys: Keys
    let BIN: String
    let IEP: String
    let DEXP: String
    let NT: String
    let IDPSAM: String
    let NTPSAM: String
    let TRX: String
    let MERCH: String
    let DTHR: String
    let CURR: String
    let CEXP: String
    let M: String
    let R: String
    let balanceBefore: String
    let BALMAX: String
    let cardKeys: Keys
    let sessionKey: String
    let purchase: Purchase
    let load: Load

    /// NT and currency tell the cases apart in a report.
    var testDescription: String { "NT \(NT), CURR \(CURR), TI \(purchase.TI)" }
}

extension PurseVector {
    func integer(_ text: String) throws -> UInt64 { try #require(UInt64(text, radix: 16)) }
    func signature(_ text: String) throws -> Signature { Signature(bits: try integer(text)) }

    var card: CardIdentifier {
        get throws { try #require(CardIdentifier(BIN + IEP)) }
    }

    var expiry: CardDate {
        get throws { try #require(CardDate(bcd: UInt32(try integer(DEXP)))) }
    }

    var time: CardTime {
        get throws { try #require(CardTime(bcd: try integer(DTHR))) }
    }

    var number: UInt32 {
        get throws { UInt32(try integer(NT)) }
    }

    var amount: Money {
        get throws { try money(M) }
    }

    var type: TransactionType {
        get throws { try #require(TransactionType(rawValue: UInt8(try integer(purchase.TI)))) }
    }

    /// Whether the card was valid when the case was paid; some cases were worked with one that was
    /// not, because a signature does not care.
    var isExpired: Bool {
        get throws { try expiry.isPast(at: try time) }
    }

    /// Whether the load of the case ends above BALMAX.
    var isAboveMaximum: Bool {
        get throws { try integer(load.balanceAfter) > integer(BALMAX) }
    }

    func money(_ text: String) throws -> Money {
        Money(
            minorUnits: try integer(text),
            currency: try #require(Currency(bcd: UInt16(try integer(CURR)))),
            exponent: try #require(Exponent(UInt8(try integer(CEXP))))
        )
    }

    func symmetric(_ text: String) throws -> SymmetricKey {
        SymmetricKey(data: try #require(Hex.bytes(text)))
    }

    var keys: IssuerMasterKeys {
        get throws {
            IssuerMasterKeys(
                purchase: try symmetric(masterKeys.purchase),
                load: try symmetric(masterKeys.load),
                completion: try symmetric(masterKeys.completion),
                proof: try symmetric(masterKeys.proof)
            )
        }
    }
}
