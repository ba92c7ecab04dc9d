// SPDX-License-Identifier: Apache-2.0

import ClientCode
import ClientTerminal
import Kernel

/// The open payments of this user, in files that nobody else can read.
struct PaymentFolder: PaymentMemory {
    private let files: PaymentFiles

    init(_ files: PaymentFiles) {
        self.files = files
    }

    func keep(_ payment: OpenPayment) throws(PaymentMemoryFailure) {
        do throws(TerminalFailure) {
            try files.write(payment.terms.transaction.text, payment.bytes)
        } catch {
            throw PaymentMemoryFailure(error.text)
        }
    }

    func forget(_ transaction: TransactionIdentifier) throws(PaymentMemoryFailure) {
        do throws(TerminalFailure) {
            try files.remove(transaction.text)
        } catch {
            throw PaymentMemoryFailure(error.text)
        }
    }

    /// What is open.
    ///
    /// - Throws: `.notSaved` where a file cannot be read: it may hold value.
    func open() throws(TerminalFailure) -> [OpenPayment] {
        var payments: [OpenPayment] = []
        for name in try files.names() {
            let bytes = try files.read(name, bytesMax: OpenPayment.bytesMax)
            guard let payment = try? OpenPayment(bytes) else {
                throw .notSaved("The open payment \(name) cannot be read. Keep its file.")
            }
            payments.append(payment)
        }
        return payments
    }
}
