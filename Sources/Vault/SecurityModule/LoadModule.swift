// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// What the load server's module 864 does for a load: checks S1, issues S2, checks S3.
package protocol LoadModule: Sendable {
    /// Checks S1 and issues S2 (FIG. 18D, steps 898–899).
    ///
    /// - Returns: CREDIT IEP with S2.
    /// - Throws: `.sealBroken` where S1 is wrong, `.keyUnknown`.
    func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP

    /// Checks S1 and issues nothing: for the zero-value request of a negative result, and for a
    /// card's information.
    ///
    /// - Throws: `.sealBroken` where S1 is wrong, `.keyUnknown`.
    func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) async throws(ModuleFailure)

    /// Checks S3 (FIG. 18C, step 885).
    ///
    /// - Throws: `.sealBroken` where S3 is wrong, `.keyUnknown`.
    func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure)

    /// Checks SN, a card's denial of a load that it asked for.
    ///
    /// - Throws: `.sealBroken` where SN is wrong, `.keyUnknown`.
    func verify(denial: Signature, of load: CardLoad) async throws(ModuleFailure)
}
