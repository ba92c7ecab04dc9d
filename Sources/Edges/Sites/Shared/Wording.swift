// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
import Kernel
import Synchronization

/// How amounts and times are written, in each language that a reader may prefer. The pages
/// themselves are in English.
package final class Wording: Sendable {
    private struct Key: Hashable {
        let language: Language
        let currency: Currency
    }

    private let styles = Mutex<[Key: AmountStyle]>([:])

    package init() {}

    /// The reader's language, by what the browser says.
    package func reader(_ request: Request) -> Reader {
        Reader(Language(accepted: request.headers[.acceptLanguage]), self)
    }

    package func reader(_ language: Language) -> Reader { Reader(language, self) }

    /// Asking the system for a style is slow, and there are few.
    func style(_ language: Language, _ currency: Currency) -> AmountStyle {
        let key = Key(language: language, currency: currency)
        if let known = styles.withLock({ $0[key] }) { return known }
        let style = AmountStyle(language, currency)
        styles.withLock { styles in
            // Currencies come from outside; a style more or less is made again.
            if styles.count < Wording.stylesMax { styles[key] = style }
        }
        return style
    }

    private static let stylesMax = 256
}
