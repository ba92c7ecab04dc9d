// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The demo cardholder and the operator of `opal up`, with passwords that are made at the first
/// start.
struct DemoData {
    let folder: DataFolder

    /// 25.00 in the demo issuer's currency.
    private static let value: UInt64 = 25_00

    func make(_ party: OPALServerParty) async throws {
        guard !FileManager.default.fileExists(atPath: folder.demoPassword) else { return }
        let password = ReadablePassword.make()
        try await DemoCardholder(party: party).make(
            "demo",
            password: password,
            value: Self.value
        )
        try folder.write(secret: password, to: folder.demoPassword)
    }
}
