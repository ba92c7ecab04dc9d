// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The countries of a billing address (ISO 3166-1), by their English names.
enum Countries {
    private static let all: [(code: String, name: String)] = {
        let english = Locale(identifier: "en_GB")
        return Locale.Region.isoRegions.map(\.identifier)
            .filter { $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x41...0x5A).contains($0) } }
            .compactMap { code in
                english.localizedString(forRegionCode: code).map { (code: code, name: $0) }
            }
            .filter { $0.name != $0.code }
            .sorted { $0.name < $1.name }
    }()

    /// The entries of a choice; the first says that nothing was chosen.
    static func options(selected: String) -> [[String: Any]] {
        let chosen = selected.uppercased()
        var options: [[String: Any]] = [["value": "", "label": "Choose …"]]
        for (code, name) in all {
            var option: [String: Any] = ["value": code, "label": name]
            if code == chosen { option["selected"] = true }
            options.append(option)
        }
        return options
    }
}
