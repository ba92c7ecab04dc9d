// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer

// The words of programmes for people at a terminal.

extension Programme.Home {
    var name: String {
        switch self {
        case .card: "card"
        case .database: "database"
        }
    }
}

extension EarnRounding {
    var name: String { "\(self)" }
}

extension EarnRule {
    /// One line.
    var words: String {
        var words = "\(points) per \(per.minorUnits) minor units of \(per.currency.digits)"
        words += ", rounded \(rounding.name)"
        if !bonus.isEmpty { words += ", \(bonus.map(\.words).joined(separator: ", "))" }
        if pendingDays > 0 { words += ", pending \(pendingDays) days" }
        switch expiry {
        case .never: words += ", no expiry"
        case .months(let months): words += ", for \(months) months"
        }
        return words
    }
}

extension BonusDays {
    fileprivate var words: String {
        var days: [String] = []
        if let weekday { days.append("\(weekday)") }
        if let dates { days.append("\(dates.lowerBound.iso) to \(dates.upperBound.iso)") }
        return "×\(tenths / 10).\(tenths % 10) on \(days.joined(separator: " from "))"
    }
}

extension CivilDate {
    /// YYYY-MM-DD.
    var iso: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(dayOfMonth))"
    }

    /// - Returns: nil unless it is YYYY-MM-DD.
    init?(iso text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, dayOfMonth: day)
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
        case .headerUnreadable:
            "The first line must be reference,member,points,date or "
                + "reference,member,points,date,note. Nothing was applied."
        case .tooManyLines:
            "The file has more than \(LoyaltyLimits.fileLinesMax) lines. Nothing was applied."
        case .fileNameUnreadable: "The file's name is too long. Nothing was applied."
        case .busy: "Others change the same members all the time. Run it again: it goes on."
        case .opalServerSilent: "The OPAL server does not answer. Try again later."
        default: "The loyalty server's data cannot be used: \(self)"
        }
    }
}
