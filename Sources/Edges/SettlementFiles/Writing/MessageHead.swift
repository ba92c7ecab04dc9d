// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What every message is called.
package struct MessageHead: Hashable, Sendable {
    package let identifier: FileIdentifier
    package let created: Instant

    package init(identifier: FileIdentifier, created: Instant) {
        self.identifier = identifier
        self.created = created
    }
}

/// Between which institutions a message goes, and how they settle.
package struct InterbankRoute: Hashable, Sendable {
    package enum Method: String, Hashable, Sendable {
        /// Over a clearing system.
        case clearing = "CLRG"
        /// Over an account that the receiver of the message keeps.
        case instructed = "INDA"
        /// Over an account that its sender keeps.
        case instructing = "INGA"
    }

    package let instructing: BIC
    package let instructed: BIC
    package let method: Method
    /// The same for every transfer of the message.
    package let settlementDate: CivilDate

    package init(instructing: BIC, instructed: BIC, method: Method, settlementDate: CivilDate) {
        self.instructing = instructing
        self.instructed = instructed
        self.method = method
        self.settlementDate = settlementDate
    }
}
