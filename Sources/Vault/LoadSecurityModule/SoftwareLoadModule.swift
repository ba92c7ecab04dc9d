// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Keys
package import SecurityModule
import Synchronization
package import Wire

/// HSM 864 of a load server, in software. It holds KML and KMC of the issuers whose cards it loads,
/// and no other key of theirs. It keeps nothing between two calls: S2 follows from S1, so that the
/// same request gets the same S2.
package final class SoftwareLoadModule: LoadModule {
    /// KML and KMC of one issuer and version.
    package struct KeyName: Hashable, Sendable {
        package let issuer: IssuerIdentifier
        package let version: UInt8

        package init(issuer: IssuerIdentifier, version: UInt8) {
            self.issuer = issuer
            self.version = version
        }
    }

    private let master: LocalMasterKey
    private let issuers = Mutex<[KeyName: LoadKeys]>([:])

    /// Bytes of wrapped KML and KMC together.
    package static let wrappedBytes = 2 * LocalMasterKey.wrappedBytes

    /// `master`: the local master key of the load server's module.
    package init(_ master: LocalMasterKey) {
        self.master = master
    }

    /// Takes wrapped KML and KMC in, one after the other.
    package func install(_ wrapped: [UInt8], as name: KeyName) throws(KeyFailure) {
        guard wrapped.count == SoftwareLoadModule.wrappedBytes else { throw .doesNotUnwrap }
        let half = LocalMasterKey.wrappedBytes
        let keys = LoadKeys(
            load: CMACKey(try master.unwrap(Array(wrapped[..<half]))),
            completion: CMACKey(try master.unwrap(Array(wrapped[half...])))
        )
        issuers.withLock { $0[name] = keys }
    }

    /// Takes KML and KMC of given master keys in: for tests with published vectors.
    package func install(_ keys: IssuerMasterKeys, as name: KeyName) {
        let keys = LoadKeys(load: CMACKey(keys.load), completion: CMACKey(keys.completion))
        issuers.withLock { $0[name] = keys }
    }

    package func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP {
        try keys(answer).authorize(request, answer, completion: completion)
    }

    package func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        try keys(answer).confirm(request, answer)
    }

    package func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        try keys(initializeAnswer).verify(answer, of: request, initializeAnswer)
    }

    package func verify(denial: Signature, of load: CardLoad) async throws(ModuleFailure) {
        try keys(load.answer).verify(denial: denial, of: load)
    }

    private func keys(_ answer: InitializeLoadAnswer) throws(ModuleFailure) -> LoadKeys {
        let name = KeyName(issuer: answer.card.issuer, version: answer.loadKeyVersion)
        guard let keys = issuers.withLock({ $0[name] }) else { throw .keyUnknown }
        return keys
    }
}
