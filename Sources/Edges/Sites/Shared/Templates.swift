// SPDX-License-Identifier: Apache-2.0

import Foundation
import Mustache

/// The templates of all sites, read once.
package struct Templates: Sendable {
    /// The files that the templates link to.
    package let assets: Assets
    private let library: MustacheLibrary

    package enum Failure: Error, Sendable {
        case missing(String)
        case unreadable(String, String)
    }

    /// Reads the resources of this module.
    package init() throws(Failure) {
        let resources = SiteResources.folder
        guard let assets = Assets(directory: resources.appendingPathComponent("assets")) else {
            throw .missing("assets")
        }
        self.assets = assets
        library = try Self.library(resources.appendingPathComponent("templates"), assets)
    }

    /// The text of a page; every value is escaped. The template must exist; its name is that of the
    /// file.
    package func html(_ name: String, _ values: [String: Any], look: SiteLook) -> String {
        let values = values.merging(look.values) { own, _ in own }
        guard let html = library.render(values, withTemplate: name) else {
            preconditionFailure("There is no template \(name).")
        }
        return html
    }

    package func has(_ name: String) -> Bool { library.getTemplate(named: name) != nil }

    /// A template that is inherited from cannot have a slash in its name; therefore the shared
    /// ones have their bare name. Links to assets get the version, so that a browser may keep them.
    private static func library(
        _ directory: URL,
        _ assets: Assets
    ) throws(Failure) -> MustacheLibrary {
        var library = MustacheLibrary()
        let files = FileManager.default
        for folder in ["shared", "cardholder", "shop", "bank", "airline", "console"] {
            let path = directory.appendingPathComponent(folder)
            guard
                let names = try? files.contentsOfDirectory(atPath: path.path)
            else { throw .missing(folder) }
            for file in names.sorted() where file.hasSuffix(".mustache") {
                let bare = String(file.dropLast(".mustache".count))
                let name = folder == "shared" ? bare : "\(folder)/\(bare)"
                do {
                    let text = try String(
                        contentsOf: path.appendingPathComponent(file),
                        encoding: .utf8
                    )
                    try library.register(
                        text.replacing("/assets/", with: "/assets/\(assets.version)/"),
                        named: name
                    )
                } catch {
                    throw .unreadable(name, "\(error)")
                }
            }
        }
        return library
    }
}
