// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import SecurityModule
import Wire

/// The messages of a purchase that are sealed; the raw value is `typ` in the protected header.
enum SealedMessage: String, CaseIterable, Sendable {
    case draw = "opal-draw"
    case debit = "opal-debit"
    case response = "opal-response"
    case resultForCard = "opal-result-c"
    case resultForMerchant = "opal-result-m"
    /// The Authentication Result (FIG. 16): what a web server gets in the place of result M.
    case authenticationResult = "opal-authentication-result"
    /// Expected S3 and Debit Result M for the OPAL server (FIG. 7).
    case expectationForServer = "opal-expected"
    /// Debit Result M for the client terminal, under a key made with S3 (FIG. 7, variation).
    case resultForTerminal = "opal-locked"
    /// Expected S3 for the merchant alone (FIG. 8).
    case expectationForMerchant = "opal-expected-m"
}

extension SealedMessage {
    /// What tells the merchant, or the web server, how an order of these terms has ended.
    static func result(of terms: OrderTerms) -> SealedMessage {
        terms.type == .authentication ? .authenticationResult : .resultForMerchant
    }
}

/// The messages of a load that are sealed, likewise.
enum SealedLoadMessage: String, CaseIterable, Sendable {
    case load = "opal-load"
    case credit = "opal-credit"
    case loadResponse = "opal-load-response"
    case negativeResponse = "opal-not-loaded"
    case loadResultForCard = "opal-load-result-c"
    case loadResultForBank = "opal-load-result-b"
    /// A card's answer to a zero-value request, for its information.
    case card = "opal-card"
    case informationForBank = "opal-card-information"
}

/// The protected header of a sealed message. Made by template, so that the same message has the
/// same bytes each time.
struct SealedHeader: Sendable {
    private let type: String
    private let transaction: TransactionIdentifier
    /// `kid`: in what is for the merchant or the bank only, who has to find K.
    private let keyName: String?
    /// The header in base64url, as it stands in front of the message.
    let ascii: [UInt8]

    init(_ message: SealedMessage, _ transaction: TransactionIdentifier, keyName: String? = nil) {
        self.init(type: message.rawValue, transaction, keyName)
    }

    init(
        _ message: SealedLoadMessage,
        _ transaction: TransactionIdentifier,
        keyName: String? = nil
    ) {
        self.init(type: message.rawValue, transaction, keyName)
    }

    private init(type: String, _ transaction: TransactionIdentifier, _ keyName: String?) {
        self.type = type
        self.transaction = transaction
        self.keyName = keyName
        var json: [UInt8] = []
        json.reserveCapacity(128)
        json += #"{"alg":"dir","enc":"A256GCM","#.utf8
        if let keyName { json += #""kid":\#(JSONMembers.quoted(keyName)),"#.utf8 }
        json += #""typ":""#.utf8
        json += type.utf8
        json += #"","trx":""#.utf8
        json += transaction.ascii
        json += #""}"#.utf8
        ascii = Base64URL.encodeASCII(json)
    }

    /// Whether a received header says the same. Another party may order the members in another
    /// way, and may add members that say nothing to us (RFC 7516 §4); but nothing that changes how
    /// the message is read.
    func matches(_ received: ArraySlice<UInt8>) -> Bool {
        if received.elementsEqual(ascii) { return true }
        guard let bytes = Base64URL.decode(ascii: received),
            let members = JSONMembers(bytes), !members.has("zip"), !members.has("crit")
        else { return false }
        return members.text("alg") == "dir" && members.text("enc") == "A256GCM"
            && members.text("typ") == type
            && members.text("trx") == transaction.text
            && (keyName == nil || members.text("kid") == keyName)
    }
}

/// Opens messages under one key: JWE compact (RFC 7516) with `alg` dir and `enc` A256GCM.
struct OpeningKey: Sendable {
    private let key: SymmetricKey

    static let initializationVectorBytes = 12
    static let tagBytes = 16

    init(_ key: SymmetricKey) {
        self.key = key
    }

    /// Opens a compact text of at most ``PartyMessage/sealedBytesMax`` bytes.
    ///
    /// - Throws: `.sealBroken`, whatever is wrong.
    func open(
        _ compact: [UInt8],
        _ header: SealedHeader
    ) throws(ModuleFailure) -> [UInt8] {
        guard compact.count <= PartyMessage.sealedBytesMax else { throw .sealBroken }
        // Header, encrypted key (empty with `dir`), initialization vector, ciphertext, tag.
        let parts = compact.split(
            separator: UInt8(ascii: "."),
            maxSplits: 5,
            omittingEmptySubsequences: false
        )
        guard parts.count == 5, parts[1].isEmpty, header.matches(parts[0]),
            let vector = Base64URL.decode(ascii: parts[2]),
            vector.count == OpeningKey.initializationVectorBytes,
            let ciphertext = Base64URL.decode(ascii: parts[3]),
            let tag = Base64URL.decode(ascii: parts[4]), tag.count == OpeningKey.tagBytes
        else { throw .sealBroken }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: vector),
                ciphertext: ciphertext,
                tag: tag
            )
            return Array(try AES.GCM.open(box, using: key, authenticating: parts[0]))
        } catch {
            throw .sealBroken
        }
    }
}

/// Seals messages under one key. The initialization vector is made from header and content:
/// a message that is sent again has the same bytes, and two different messages never share a
/// vector.
struct SealingKey: Sendable {
    private let key: SymmetricKey
    /// HMAC under the key of the vectors.
    private let vectors: HMAC<SHA256>

    init(_ key: SymmetricKey) {
        self.key = key
        vectors = HMAC(key: KeyFamily(of: key).key("OPAL IV"))
    }

    /// - Returns: the JWE in compact form, ASCII.
    func seal(
        _ content: [UInt8],
        _ header: SealedHeader
    ) throws(ModuleFailure) -> [UInt8] {
        var hash = vectors
        hash.update(data: header.ascii + [0] + content)
        let vector = Array(hash.finalize().prefix(OpeningKey.initializationVectorBytes))
        guard let nonce = try? AES.GCM.Nonce(data: vector),
            let box = try? AES.GCM.seal(
                content,
                using: key,
                nonce: nonce,
                authenticating: header.ascii
            )
        else { throw .unavailable("AES-GCM") }
        let dot = UInt8(ascii: ".")
        var compact = header.ascii
        // Base64url of content, vector (16) and tag (22), and four dots.
        compact.reserveCapacity(header.ascii.count + (content.count * 4 + 2) / 3 + 42)
        compact.append(dot)
        compact.append(dot)
        compact.append(contentsOf: Base64URL.encodeASCII(vector))
        compact.append(dot)
        compact.append(contentsOf: Base64URL.encodeASCII(Array(box.ciphertext)))
        compact.append(dot)
        compact.append(contentsOf: Base64URL.encodeASCII(Array(box.tag)))
        return compact
    }
}
