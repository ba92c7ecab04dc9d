// SPDX-License-Identifier: Apache-2.0

package import Wire

// A load whose load server is the OPAL server itself.
extension ClientCode {
    /// Has the card make S1 for a load from a funding account.
    ///
    /// - Throws: `.status` where the card does not begin; nothing is changed then.
    package func initialize(
        accountLoad request: InitializeLoad
    ) async throws(ClientFailure) -> InitializeLoadAnswer {
        _ = try await reset()
        try await expectDone(.select(application: PurseCommand.application))
        let data = try await expectDone(.initializeLoad(request))
        return try parse { () throws(WireFailure) in try InitializeLoadAnswer(data) }
    }

    /// Has the card credit itself.
    ///
    /// - Returns: the card's answer with S3; its completion code tells whether it credited.
    /// - Throws: `.status` where the card says that it did not; else what it did is unknown.
    package func credit(
        accountLoad command: CreditIEP
    ) async throws(ClientFailure) -> CreditAnswer {
        let data = try await expectDone(.credit(command))
        return try parse { () throws(WireFailure) in try CreditAnswer(data) }
    }
}
