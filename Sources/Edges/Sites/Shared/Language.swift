// SPDX-License-Identifier: Apache-2.0

/// A language in which amounts and dates are written.
package enum Language: String, CaseIterable, Sendable {
    case english = "en"
    case american = "en-US"
    case german = "de"
    case french = "fr"
    case spanish = "es"

    /// The first language of an `Accept-Language` header that we know, by its weight (RFC 9110
    /// §12.5.4); English where there is none.
    package init(accepted header: String?) {
        var best: (language: Language, weight: Double)?
        for range in (header ?? "").prefix(Language.headerMax).split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let tag = parts.first?.lowercased(),
                let language = Language(tag: tag)
            else { continue }
            let weight =
                parts.dropFirst().first { $0.hasPrefix("q=") }
                .flatMap { Double($0.dropFirst(2)) } ?? 1
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        self = best?.language ?? .english
    }

    private static let headerMax = 200

    private init?(tag: String) {
        if tag == "en-us" {
            self = .american
            return
        }
        guard
            let language = tag.split(separator: "-").first.flatMap({
                Language(rawValue: String($0))
            })
        else { return nil }
        self = language
    }

    var locale: String {
        switch self {
        case .english: "en_GB"
        case .american: "en_US"
        case .german: "de_DE"
        case .french: "fr_FR"
        case .spanish: "es_ES"
        }
    }
}
