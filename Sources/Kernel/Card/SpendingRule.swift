// SPDX-License-Identifier: Apache-2.0

/// Which of many things a card may pay for: all, some only, or all but some.
package struct SpendingRule<Element: Hashable & Sendable>: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case all = 0
        /// Those in the list and no others.
        case only = 1
        /// All but those in the list.
        case except = 2
    }

    package let kind: Kind
    /// Empty where all are allowed.
    package let elements: Set<Element>

    private init(known kind: Kind, _ elements: Set<Element>) {
        self.kind = kind
        self.elements = elements
    }

    package static var all: SpendingRule { SpendingRule(known: .all, []) }

    /// - Returns: nil with more than ``SpendingLimits/listedMax`` elements, or where a list stands
    ///   behind *all*.
    package init?(_ kind: Kind, _ elements: Set<Element>) {
        guard elements.count <= SpendingLimits.listedMax, kind != .all || elements.isEmpty else {
            return nil
        }
        self.kind = kind
        self.elements = elements
    }

    /// Whether this one is allowed.
    package func allows(_ element: Element) -> Bool {
        switch kind {
        case .all: true
        case .only: elements.contains(element)
        case .except: !elements.contains(element)
        }
    }
}
