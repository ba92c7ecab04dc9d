// SPDX-License-Identifier: Apache-2.0

/// What address verification compares of a billing address: the digits of the street and the postal
/// code. Other letters differ too much from one bank to the next. It never prints.
package struct AddressVerification: Equatable, Sendable {
    /// At most ``streetNumberMax`` digits; empty where the street has none.
    package let streetNumber: String
    /// At most ``postalCodeMax`` capitals and digits; empty where there is none.
    package let postalCode: String

    package static let streetNumberMax = 10
    package static let postalCodeMax = 10

    /// Takes from a billing address as a person wrote it what is compared.
    package init(street: String, postalCode: String) {
        streetNumber = AddressVerification.characters(
            of: street,
            max: AddressVerification.streetNumberMax
        ) { (0x30...0x39).contains($0) }
        self.postalCode = AddressVerification.characters(
            of: postalCode,
            max: AddressVerification.postalCodeMax
        ) { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
    }

    package var isEmpty: Bool { streetNumber.isEmpty && postalCode.isEmpty }

    private static func characters(
        of text: String,
        max: Int,
        _ isWanted: (UInt8) -> Bool
    ) -> String {
        let capitals = text.utf8.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
        return String(decoding: capitals.filter(isWanted).prefix(max), as: UTF8.self)
    }
}

extension AddressVerification: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package var description: String { "(billing address)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
