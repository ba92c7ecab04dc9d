// SPDX-License-Identifier: Apache-2.0

/// What is told of an XML document while it is read.
protocol XMLEvents: AnyObject {
    /// - Parameters:
    ///   - name: without prefix.
    ///   - namespace: empty for none.
    ///   - attributes: those without a namespace.
    /// - Throws: what is wrong with it.
    func began(
        _ name: String,
        in namespace: String,
        attributes: [String: String]
    ) throws(BankStatementFailure)

    /// - Parameters:
    ///   - name: of the element that was begun last.
    ///   - text: inside of it; white space where it has elements.
    /// - Throws: what is wrong with it.
    func ended(_ name: String, text: String) throws(BankStatementFailure)
}
