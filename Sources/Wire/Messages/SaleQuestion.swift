// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A merchant's question by transaction id: the terms of the order, the name of the shared key and
/// a proof (32 bytes) that only merchant and payment server can make.
package struct SaleQuestion: Equatable, Sendable {
    package let terms: OrderTerms
    package let keyName: String
    package let proof: [UInt8]

    package static let proofBytes = 32

    package init(terms: OrderTerms, keyName: String, proof: [UInt8]) {
        precondition(proof.count == SaleQuestion.proofBytes)
        self.terms = terms
        self.keyName = keyName
        self.proof = proof
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        terms = try reader.orderTerms()
        keyName = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        proof = try reader.bytes("proof", count: SaleQuestion.proofBytes)
    }

    func write(to writer: inout ByteWriter) {
        writer.orderTerms(terms)
        writer.text(keyName)
        writer.append(proof)
    }
}
