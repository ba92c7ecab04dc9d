// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What goes between the payment server and a terminal on another host: version 1, type 1, header,
/// then what is sealed between the two (`docs/messages/terminals.md`). A concentrator 212 reads the
/// header alone.
package enum TerminalMessage: Equatable, Sendable {
    /// Payment server → terminal; a ``TerminalRequest``, sealed.
    case request(TerminalHeader, sealed: [UInt8])
    /// Terminal → payment server; a ``TerminalAnswer``, sealed and bound to its request.
    case answer(TerminalHeader, sealed: [UInt8])
    /// Concentrator or terminal → payment server: the request had no effect that is known of.
    case undelivered(Reason)

    /// Why a request was not delivered, or not answered.
    package enum Reason: UInt8, Sendable {
        case malformed = 0x01
        /// No terminal has this header.
        case unknownTerminal = 0x02
        /// The terminal is known and cannot be reached now.
        case terminalAway = 0x03
        /// Who asks is not its payment server, or the message was changed on the way.
        case sealBroken = 0x04
        /// The terminal's store or security card does not work now.
        case notReady = 0x05
    }

    package static let version: UInt8 = 1
    /// A sealed part in bytes; the largest is a count of ``TerminalRequest/countMax`` sales.
    package static let sealedBytesMax = 16 * 1024

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "terminal message")
        guard try reader.byte("version") == TerminalMessage.version else {
            throw reader.failure("version", .invalid)
        }
        let max = TerminalMessage.sealedBytesMax
        switch try reader.byte("type") {
        case 0x21:
            self = .request(
                try TerminalHeader(&reader),
                sealed: try reader.counted("request, sealed", max: max)
            )
        case 0x22:
            self = .answer(
                try TerminalHeader(&reader),
                sealed: try reader.counted("answer, sealed", max: max)
            )
        case 0x2F:
            self = .undelivered(
                try reader.value("reason", bytes: 1) { Reason(rawValue: UInt8($0)) }
            )
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.byte(TerminalMessage.version)
        switch self {
        case .request(let header, let sealed):
            writer.byte(0x21)
            header.write(to: &writer)
            writer.counted(sealed)
        case .answer(let header, let sealed):
            writer.byte(0x22)
            header.write(to: &writer)
            writer.counted(sealed)
        case .undelivered(let reason):
            writer.byte(0x2F)
            writer.byte(reason.rawValue)
        }
        return writer.bytes
    }
}

/// The header by which a concentrator routes: the terminal's name, which is that of its host in the
/// host's certificate, and IDPSAM of the security card.
package struct TerminalHeader: Hashable, Sendable {
    /// 1 to ``nameBytesMax`` bytes.
    package let terminal: String
    package let securityCard: SecurityCardIdentifier

    package static let nameBytesMax = 27
    /// A certificate whose name begins otherwise is not a terminal's.
    package static let namePrefix = "terminal-"

    package init(terminal: String, securityCard: SecurityCardIdentifier) {
        precondition((1...TerminalHeader.nameBytesMax).contains(terminal.utf8.count))
        self.terminal = terminal
        self.securityCard = securityCard
    }

    /// Whether a name in a certificate is that of a host of terminals.
    package static func isTerminal(_ name: String) -> Bool {
        name.hasPrefix(namePrefix)
            && (namePrefix.utf8.count + 1...nameBytesMax).contains(name.utf8.count)
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        terminal = try reader.text("terminal", bytesMax: TerminalHeader.nameBytesMax)
        guard !terminal.isEmpty else { throw reader.failure("terminal", .invalid) }
        securityCard = try reader.securityCard()
    }

    func write(to writer: inout ByteWriter) {
        writer.text(terminal)
        writer.securityCard(securityCard)
    }

    /// What the seals of requests and answers are bound to.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 40)
        write(to: &writer)
        return writer.bytes
    }
}
