// SPDX-License-Identifier: Apache-2.0

import EarnFiles
import Foundation
import OPALServer

/// A CSV file of cards to be made. The first line names the columns: `reference`, and of `user`,
/// `mail`, `value`, `purchase`, `day` and `month` those that it has, in any order. No value has a
/// comma or a quotation mark.
struct CardOrderFile {
    enum Column: String, CaseIterable {
        case reference, user, mail, value, purchase, day, month
    }

    /// Why a line orders no card.
    enum Problem: Error {
        case columns(Int)
        case text
        case amount(Column)
        case refused(CardOrderRefusal)

        var words: String {
            switch self {
            case .columns(let count): "has not \(count) values"
            case .text: "is no text without quotation marks"
            case .amount(let column): "\(column.rawValue) is no number of minor units"
            case .refused(let refusal): refusal.words
            }
        }
    }

    let lineCount: Int
    private let file: EarnFile
    private let columns: [Column]

    /// A longer line is no order.
    private static let lineBytesMax = 1024
    private static let pageLines = 500

    init(_ path: String) throws {
        do throws(EarnFileFailure) {
            file = try EarnFile(path: path)
        } catch .empty {
            throw CommandFailure("\(path) is empty. No card was made.")
        } catch {
            throw CommandFailure("\(path) cannot be read. No card was made.")
        }
        let names = Self.text(file.scan.header)?.split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        let columns = (names ?? []).compactMap { Column(rawValue: String($0)) }
        guard columns.count == names?.count, Set(columns).count == columns.count,
            columns.contains(.reference), columns.contains(.user) == columns.contains(.mail)
        else {
            throw CommandFailure(
                "The first line of \(path) names the columns: reference, user and mail, value, "
                    + "purchase, day, month. No card was made."
            )
        }
        self.columns = columns
        lineCount = Int(file.scan.lineCount)
    }

    /// Goes through the lines. `body` gets the number of each, counted from the one behind the
    /// header, and its reference where it has one.
    func forEach(
        _ body: (Int, _ reference: String, Result<OrderedCard, Problem>) async throws -> Void
    ) async throws {
        var lines = try file.lines(skipping: 0)
        var number = 0
        while true {
            let page = try lines.next(Self.pageLines)
            if page.isEmpty { return }
            for line in page {
                number += 1
                if line.isEmpty || line == [0x0D] { continue }
                let (reference, order) = order(line)
                try await body(number, reference, order)
            }
        }
    }

    private func order(
        _ line: ArraySlice<UInt8>
    ) -> (reference: String, Result<OrderedCard, Problem>) {
        guard line.count <= Self.lineBytesMax, let text = Self.text(line) else {
            return ("", .failure(.text))
        }
        let values = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard values.count == columns.count else { return ("", .failure(.columns(columns.count))) }
        let fields = Dictionary(uniqueKeysWithValues: zip(columns, values))
        let reference = fields[.reference] ?? ""
        var amounts: [Column: UInt64] = [:]
        for column in [Column.value, .purchase, .day, .month] {
            guard let text = fields[column], !text.isEmpty else { continue }
            guard let amount = UInt64(text) else {
                return (reference, .failure(.amount(column)))
            }
            amounts[column] = amount
        }
        let checked = OrderedCard.check(
            reference: reference,
            user: fields[.user] ?? "",
            email: fields[.mail] ?? "",
            value: amounts[.value],
            limits: OrderedCard.Limits(
                purchase: amounts[.purchase],
                day: amounts[.day],
                month: amounts[.month]
            )
        )
        return (reference, checked.mapError { .refused($0) })
    }

    /// Without the carriage return of a line.
    private static func text(_ line: ArraySlice<UInt8>) -> String? {
        let bytes = line.last == 0x0D ? line.dropLast() : line
        guard let text = String(validating: bytes, as: UTF8.self), !text.contains("\"") else {
            return nil
        }
        return text
    }
}

extension CardOrderRefusal {
    /// What the operator reads.
    var words: String {
        switch self {
        case .reference: "the reference is not 1 to 64 visible characters"
        case .user: "the user identifier is none"
        case .email: "the e-mail address is none"
        case .referenceUsed: "the reference names another order, which was made before"
        case .valueTooHigh: "the value is above the issuer's maximum balance"
        case .userTaken: "somebody has this user identifier"
        }
    }
}
