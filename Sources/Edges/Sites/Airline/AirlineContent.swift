// SPDX-License-Identifier: Apache-2.0

import Foundation
package import LoyaltyServer

/// What the airline shows of its benefits, and the files that it gives.
package struct AirlineContent: Sendable {
    private let drawings: [BenefitCode: String]
    private let files: [String: [UInt8]]

    package enum Failure: Error, Sendable {
        case missing(String)
    }

    /// The drawings of the demonstration, `article-….svg` among the assets, by the codes of its
    /// benefits.
    private static let demo = [
        "bag": "bag", "dinner": "dinner", "dusk": "wings", "lounge": "lounge", "routes": "routes",
        "tea": "dinner", "upgrade": "skylark", "window": "window",
    ]

    /// Its files.
    private static let names = ["skylark-routes.svg"]

    /// - Parameters:
    ///   - drawings: a drawing `article-….svg` among the assets, by the code of the benefit.
    ///   - files: what is given, by the name of the file.
    package init(drawings: [BenefitCode: String], files: [String: [UInt8]]) {
        self.drawings = drawings
        self.files = files
    }

    /// What the demonstration shows: reads the resources of this module.
    package init() throws(Failure) {
        let directory = SiteResources.folder.appendingPathComponent("goods")
        var files: [String: [UInt8]] = [:]
        for name in Self.names {
            guard let bytes = try? Data(contentsOf: directory.appendingPathComponent(name)) else {
                throw .missing(name)
            }
            files[name] = Array(bytes)
        }
        var drawings: [BenefitCode: String] = [:]
        for (code, drawing) in Self.demo {
            if let code = BenefitCode(code) { drawings[code] = drawing }
        }
        self.init(drawings: drawings, files: files)
    }

    /// - Returns: a plain one for a benefit without a drawing.
    func drawing(of code: BenefitCode) -> String { drawings[code] ?? "skylark" }

    func file(_ name: String) -> [UInt8]? { files[name] }
}
