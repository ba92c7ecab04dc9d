// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Keys
package import SecurityModule
package import Wire

// The load server's module 864, where it is one with the HSM of the OPAL server.
extension SoftwareModule {
    package func authorize(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        completion: CompletionCode
    ) async throws(ModuleFailure) -> CreditIEP {
        try loadKeys(answer).authorize(request, answer, completion: completion)
    }

    package func confirm(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        try loadKeys(answer).confirm(request, answer)
    }

    package func verify(
        _ answer: CreditAnswer,
        to credit: CreditIEP,
        of request: InitializeLoad,
        _ initializeAnswer: InitializeLoadAnswer
    ) async throws(ModuleFailure) {
        try loadKeys(initializeAnswer).verify(answer, of: request, initializeAnswer)
    }

    package func verify(denial: Signature, of load: CardLoad) async throws(ModuleFailure) {
        try loadKeys(load.answer).verify(denial: denial, of: load)
    }

    private func loadKeys(_ answer: InitializeLoadAnswer) throws(ModuleFailure) -> LoadKeys {
        try keys(of: answer.card, version: answer.loadKeyVersion).loading
    }
}

// Where the load server is not one with the OPAL server.
extension SoftwareModule {
    /// KML and KMC of an issuer, wrapped under the master key of a load server's module 864, one
    /// after the other (80 bytes). KMP and KMI stay here.
    package func exportLoadKeys(
        _ wrapped: [UInt8],
        to loadServer: LocalMasterKey
    ) throws(KeyFailure) -> [UInt8] {
        try exported(wrapped) { keys throws(KeyFailure) in
            try loadServer.wrap(keys.load) + loadServer.wrap(keys.completion)
        }
    }
}
