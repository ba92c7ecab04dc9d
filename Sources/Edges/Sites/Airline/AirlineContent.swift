// SPDX-License-Identifier: Apache-2.0

package import LoyaltyServer

/// What the airline shows of its benefits, and the files that it gives.
package struct AirlineContent: Sendable {
    private let drawings: [BenefitCode: String]
    private let files: [String: [UInt8]]

    /// - Parameters:
    ///   - drawings: a drawing `article-….svg` among the assets, by the code of the benefit.
    ///   - files: what is given, by the name of the file.
    package init(drawings: [BenefitCode: String] = [:], files: [String: [UInt8]] = [:]) {
        self.drawings = drawings
        self.files = files
    }

    /// - Returns: a plain one for a benefit without a drawing.
    func drawing(of code: BenefitCode) -> String { drawings[code] ?? "skylark" }

    func file(_ name: String) -> [UInt8]? { files[name] }
}
