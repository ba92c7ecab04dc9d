// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A debit with all that its signatures depend on.
package struct DebitEvidence: Equatable, Sendable {
    package let type: TransactionType
    /// R of the dialogue.
    package let random: UInt64
    package let expiry: CardDate
    package let purchaseKeyVersion: UInt8
    package let command: DebitIEP
    package let answer: DebitAnswer
    /// The number of the exception from the card's limits that this debit used up.
    package let exception: UInt32?
    /// Which points were taken; nil where no points were. Limits count money, so that such a debit
    /// uses up no exception.
    package let points: TakenPoints?

    package init(
        type: TransactionType,
        random: UInt64,
        expiry: CardDate,
        purchaseKeyVersion: UInt8,
        command: DebitIEP,
        answer: DebitAnswer,
        exception: UInt32? = nil,
        points: TakenPoints? = nil
    ) {
        precondition(exception == nil || points == nil)
        self.type = type
        self.random = random
        self.expiry = expiry
        self.purchaseKeyVersion = purchaseKeyVersion
        self.command = command
        self.answer = answer
        self.exception = exception
        self.points = points
    }

    init(
        _ reader: inout ByteReader,
        exception: UInt32? = nil,
        points: TakenPoints? = nil
    ) throws(WireFailure) {
        type = try reader.transactionType()
        random = try reader.integer("R", bytes: 8)
        expiry = try reader.expiry()
        purchaseKeyVersion = try reader.byte("VKP")
        command = try DebitIEP(try reader.bytes("DEBIT IEP", count: DebitIEP.length))
        answer = try DebitAnswer(try reader.bytes("answer", count: DebitAnswer.length))
        self.exception = exception
        self.points = points
    }

    func write(to writer: inout ByteWriter) {
        writer.byte(type.rawValue)
        writer.integer(random, bytes: 8)
        writer.expiry(expiry)
        writer.byte(purchaseKeyVersion)
        writer.append(command.bytes)
        writer.append(answer.bytes)
    }
}
