// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The folder with templates, assets and goods, beside the executable.
enum SiteResources {
    /// By the bundle's own address: `resourceURL` already points into a folder named `Resources` on
    /// some systems, and beside it on others.
    static let folder = Bundle.module.bundleURL.appendingPathComponent("Resources")
}
