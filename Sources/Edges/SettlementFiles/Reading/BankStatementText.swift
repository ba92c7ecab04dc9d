// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The text of one element, and how it is read.
struct BankStatementText {
    /// From the statement on, for example `Stmt/Ntry/Amt`.
    let place: Substring
    let text: String
    /// The attribute of an amount.
    let currency: String?

    init(place: Substring, text: String, currency: String?) {
        self.place = place
        self.text = BankStatementText.trimmed(text)
        self.currency = currency
    }

    private var invalid: BankStatementFailure { .invalid(String(place)) }

    /// Puts a value into its place.
    ///
    /// - Throws: `.repeated` where there is one already.
    func set<Value>(
        _ value: Value,
        in field: inout Value?
    ) throws(BankStatementFailure) {
        guard field == nil else { throw .repeated(String(place)) }
        field = value
    }

    /// A text that says something.
    func words() throws(BankStatementFailure) -> String {
        guard !text.isEmpty else { throw invalid }
        return text
    }

    func direction() throws(BankStatementFailure) -> Direction {
        guard let direction = Direction(rawValue: text) else { throw invalid }
        return direction
    }

    /// `true`, `false`, `1`, `0`.
    func flag() throws(BankStatementFailure) -> Bool {
        switch text {
        case "true", "1": return true
        case "false", "0": return false
        default: throw invalid
        }
    }

    func status() throws(BankStatementFailure) -> BankEntry.Status {
        switch try words() {
        case "BOOK": return .booked
        case "PDNG": return .pending
        default: return .other(text)
        }
    }

    /// The day of `2026-03-01`, `2026-03-01+01:00` or `2026-03-01T12:00:00+01:00`: the bank's own.
    func date() throws(BankStatementFailure) -> CivilDate {
        let digits = text.utf8.prefix(10)
        let parts = digits.split(separator: 0x2D, omittingEmptySubsequences: false)
        let rest = text.utf8.dropFirst(10).first
        guard parts.map(\.count) == [4, 2, 2], rest.map({ "TZ+-".utf8.contains($0) }) ?? true,
            let year = BankStatementText.number(parts[0]),
            let month = BankStatementText.number(parts[1]),
            let day = BankStatementText.number(parts[2]),
            let date = CivilDate(year: Int(year), month: Int(month), dayOfMonth: Int(day))
        else { throw invalid }
        return date
    }

    /// Digits, and a point with decimals: none that the currency does not have, but for noughts.
    func amount() throws(BankStatementFailure) -> FileAmount {
        guard let currency else { throw .missing("\(place)/@Ccy") }
        let unit: ISOCurrency
        do throws(SettlementFileFailure) {
            unit = try ISOCurrency(code: currency)
        } catch { throw .unknownCurrency(currency) }
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count <= 2 else { throw invalid }
        var decimals = parts.count == 2 ? Array(parts[1]) : []
        guard !whole.isEmpty || !decimals.isEmpty else { throw invalid }
        while decimals.count > Int(unit.decimals), decimals.last == 0x30 { decimals.removeLast() }
        guard decimals.count <= Int(unit.decimals) else { throw invalid }
        decimals += repeatElement(0x30, count: Int(unit.decimals) - decimals.count)
        guard let units = BankStatementText.number(Array(whole) + decimals) else { throw invalid }
        do throws(SettlementFileFailure) {
            return try FileAmount(minorUnits: units, currency: unit)
        } catch { throw .amountTooLarge }
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    /// Without white space at the ends, which editors and pretty printers add.
    private static func trimmed(_ text: String) -> String {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }
}
