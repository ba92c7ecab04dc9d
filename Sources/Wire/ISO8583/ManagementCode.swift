// SPDX-License-Identifier: Apache-2.0

/// Element 70: what a management message is about.
package enum ManagementCode: String, CaseIterable, Sendable {
    case signOn = "001"
    case signOff = "002"
    /// Both ends compare the check value of the key that they share.
    case keyCheck = "161"
    case echo = "301"
}
