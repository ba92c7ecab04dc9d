// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A merchant's order to refund, which is also its question what became of it: the name of the
/// shared key and a proof (32 bytes) that only merchant and payment server can make.
package struct RefundQuestion: Equatable, Sendable {
    package let order: RefundOrder
    package let keyName: String
    package let proof: [UInt8]

    package static let proofBytes = 32

    package init(order: RefundOrder, keyName: String, proof: [UInt8]) {
        precondition(proof.count == RefundQuestion.proofBytes)
        self.order = order
        self.keyName = keyName
        self.proof = proof
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        order = try reader.merchantRefund()
        keyName = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        proof = try reader.bytes("proof", count: RefundQuestion.proofBytes)
    }

    func write(to writer: inout ByteWriter) {
        writer.append(order.bytes)
        writer.text(keyName)
        writer.append(proof)
    }
}
