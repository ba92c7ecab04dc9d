// SPDX-License-Identifier: Apache-2.0

import Kernel

/// A command of the purse profile, parsed. The same type serves both ends: the client code makes
/// commands, the emulator understands them.
package enum PurseCommand: Equatable, Sendable {
    case select(application: [UInt8])
    case getBalance(purse: UInt8)
    case initializePurchase(InitializePurchase)
    case debit(DebitIEP)
    case initializeLoad(InitializeLoad)
    case credit(CreditIEP)
    case recover(RecoverValue)
    /// NT of the transaction whose answer is asked for.
    case getPreviousSignature(number: UInt32)
    case getData(tag: UInt16)

    /// `F0` and "OPAL1", the profile's application identifier.
    package static let application: [UInt8] = [0xF0, 0x4F, 0x50, 0x41, 0x4C, 0x31]
    package static let cardCertificateTag: UInt16 = 0x7F21
    package static let issuerCertificateTag: UInt16 = 0x7F22

    /// Understands a command; class, then instruction, then parameters, then length,
    /// then the elements are checked.
    ///
    /// - Throws: the status word that the card answers.
    package init(_ apdu: CommandAPDU) throws(StatusWord) {
        switch (apdu.cla, apdu.ins) {
        case (0x00, 0xA4): self = try Self.parseSelect(apdu)
        case (0x80, 0x50), (0x80, 0x52), (0x80, 0x54):
            self = try Self.parseTransaction(apdu)
        case (0x80, 0x5C):
            guard apdu.p1 == 0 else { throw .wrongParameters }
            guard apdu.data.isEmpty else { throw .wrongLength }
            self = .getBalance(purse: apdu.p2)
        case (0x80, 0x5A):
            guard apdu.p1 == 0, apdu.p2 == 0 else { throw .wrongParameters }
            guard apdu.data.count == 4 else { throw .wrongLength }
            self = .getPreviousSignature(number: apdu.data.reduce(0) { $0 << 8 | UInt32($1) })
        case (0x80, 0xCA):
            guard apdu.data.isEmpty else { throw .wrongLength }
            self = .getData(tag: UInt16(apdu.p1) << 8 | UInt16(apdu.p2))
        case (0x00, _), (0x80, _): throw .unknownInstruction
        default: throw .unknownClass
        }
    }

    package var apdu: CommandAPDU {
        switch self {
        case .select(let application):
            CommandAPDU(cla: 0x00, ins: 0xA4, p1: 0x04, p2: 0x00, data: application)
        case .getBalance(let purse): CommandAPDU(cla: 0x80, ins: 0x5C, p1: 0x00, p2: purse)
        case .initializePurchase(let data): Self.command(0x50, 0x01, data.bytes)
        case .debit(let data): Self.command(0x54, 0x01, data.bytes)
        case .initializeLoad(let data): Self.command(0x50, 0x00, data.bytes)
        case .credit(let data): Self.command(0x52, 0x00, data.bytes)
        case .recover(let data): Self.command(0x52, 0x01, data.bytes)
        case .getPreviousSignature(let number): Self.command(0x5A, 0x00, number.bigEndianBytes)
        case .getData(let tag):
            CommandAPDU(
                cla: 0x80,
                ins: 0xCA,
                p1: UInt8(tag >> 8),
                p2: UInt8(truncatingIfNeeded: tag)
            )
        }
    }

    private static func command(_ ins: UInt8, _ p1: UInt8, _ data: [UInt8]) -> CommandAPDU {
        CommandAPDU(cla: 0x80, ins: ins, p1: p1, p2: 0x00, data: data)
    }

    private static func parseSelect(_ apdu: CommandAPDU) throws(StatusWord) -> PurseCommand {
        guard apdu.p1 == 0x04, apdu.p2 == 0x00 || apdu.p2 == 0x0C else { throw .wrongParameters }
        guard (5...16).contains(apdu.data.count) else { throw .wrongLength }
        return .select(application: apdu.data)
    }

    private static func parseTransaction(_ apdu: CommandAPDU) throws(StatusWord) -> PurseCommand {
        guard apdu.p2 == 0 else { throw .wrongParameters }
        switch (apdu.ins, apdu.p1) {
        case (0x50, 0x01):
            return .initializePurchase(
                try data(of: apdu, InitializePurchase.length, InitializePurchase.init)
            )
        case (0x54, 0x01): return .debit(try data(of: apdu, DebitIEP.length, DebitIEP.init))
        case (0x50, 0x00):
            return .initializeLoad(try data(of: apdu, InitializeLoad.length, InitializeLoad.init))
        case (0x52, 0x00): return .credit(try data(of: apdu, CreditIEP.length, CreditIEP.init))
        case (0x52, 0x01):
            return .recover(try data(of: apdu, RecoverValue.length, RecoverValue.init))
        default: throw .wrongParameters
        }
    }

    private static func data<Elements>(
        of apdu: CommandAPDU,
        _ length: Int,
        _ parse: ([UInt8]) throws(WireFailure) -> Elements
    ) throws(StatusWord) -> Elements {
        guard apdu.data.count == length else { throw .wrongLength }
        do throws(WireFailure) {
            return try parse(apdu.data)
        } catch {
            // An element that cannot be: the profile has no status word of its own for it.
            throw .wrongParameters
        }
    }
}

extension StatusWord: Error {}
