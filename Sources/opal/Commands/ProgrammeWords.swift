// SPDX-License-Identifier: Apache-2.0

import EarnFiles
import Kernel
import LoyaltyServer

// The words of programmes for people at a terminal.

extension CivilDate {
    /// YYYY-MM-DD.
    var iso: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(dayOfMonth))"
    }
}

extension LoyaltyFailure {
    /// Why a command was not done, and what to do.
    var words: String {
        switch self {
        case .programmeExists: "There is another programme with this code. Choose another code."
        case .unknownProgramme: "There is no such programme: see opal programme list."
        case .programmeFixed: "Home and decimals of a programme stay as they are."
        case .programmeClosed: "The programme is closed: it takes no new members."
        case .unknownMember: "There is no such member: see opal programme members."
        case .alreadyEnrolled(let number): "The card is member \(number.text) already."
        case .numberTaken: "That number is another member's. Choose another."
        case .opalServerSilent: "The OPAL server does not answer. Try again later."
        default: earnFileWords ?? "The loyalty server's data cannot be used: \(self)"
        }
    }
}
