// SPDX-License-Identifier: Apache-2.0

import Kernel

/// A merchant's settlement report as PDF: each payout with its sums, and its sales below it. It is
/// made in memory, so it has a limit: ``SettlementLimits/pdfSalesMax``.
package struct MerchantReportPDF: MerchantReport {
    private static let left: Float = 50
    private static let right = PDFDocument.width - 50
    private static let bottom: Float = 60
    private static let rowHeight: Float = 13
    private static let small: Float = 8

    private let head: MerchantReportHead
    private let pdf: PDFDocument
    private var check: ReportCheck
    private var pages = 0
    private var sales = 0
    private var y: Float = 0

    /// - Throws: `.pdf`.
    package init(_ head: MerchantReportHead) throws(SettlementFileFailure) {
        self.head = head
        check = ReportCheck()
        pdf = try PDFDocument(title: "Settlement report \(head.merchantNumber)")
        try addPage()
    }

    /// - Throws: `.reportDiffers` of the payout before, `.pdf`.
    package mutating func begin(_ payout: ReportedPayout) throws(SettlementFileFailure) {
        try check.begin(payout)
        // With room for its sums and a sale or two: a head alone at the foot of a page helps
        // nobody.
        try needs(9 * MerchantReportPDF.rowHeight)
        y -= MerchantReportPDF.rowHeight
        try text("Payout \(payout.endToEnd.text)", size: 11, face: .bold)
        try amount(payout.net, size: 11, face: .bold)
        y -= MerchantReportPDF.rowHeight
        try text("On \(MessageDate.text(payout.executionDate)) to account \(payout.account)")
        try row("Sales", payout.sales.text(decimals: head.currency.decimals))
        try row("Fees", (-payout.fees).text(decimals: head.currency.decimals))
        if payout.adjustments != .zero {
            try row("Adjustments", payout.adjustments.text(decimals: head.currency.decimals))
        }
        try saleColumns()
    }

    /// - Throws: `.outOfOrder`, `.tooManySales`, `.amountTooLarge`, `.pdf`.
    package mutating func add(_ sale: ReportedSale) throws(SettlementFileFailure) {
        let payout = try check.add(sale)
        guard sales < SettlementLimits.pdfSalesMax else { throw .tooManySales }
        sales += 1
        if try needs(MerchantReportPDF.rowHeight) {
            try text("Payout \(payout.endToEnd.text), continued", face: .bold)
            try saleColumns()
        }
        let time = MessageDate.text(sale.time)
        try text("\(time.prefix(10)) \(time.dropFirst(11).prefix(8))")
        try text(sale.transaction, x: 140)
        try text("\(sale.securityCard) / \(sale.batch) / \(sale.index)", x: 310)
        try amount(sale.amount)
        y -= MerchantReportPDF.rowHeight
    }

    /// - Throws: `.reportDiffers` of the last payout, `.pdf`.
    /// - Returns: the file.
    package mutating func finish() throws(SettlementFileFailure) -> [UInt8] {
        try check.endPayout()
        if check.payouts == 0 { try text("No payouts.") }
        return try pdf.bytes()
    }

    private mutating func addPage() throws(SettlementFileFailure) {
        try pdf.addPage()
        pages += 1
        y = PDFDocument.height - 60
        try text("Settlement report", size: 16, face: .bold)
        y -= 18
        try text("\(head.merchant), \(head.merchantNumber)", size: 10)
        y -= 14
        let days = "\(MessageDate.text(head.from)) to \(MessageDate.text(head.to))"
        try text("\(days), amounts in \(head.currency.code)", size: 10)
        try pdf.text(
            "Made \(MessageDate.text(head.created)), times are UTC",
            x: MerchantReportPDF.left,
            y: 40,
            size: 7
        )
        try pdf.text("Page \(pages)", x: MerchantReportPDF.right, y: 40, size: 7, isRight: true)
        y -= 20
    }

    /// Goes to the next page where less is left.
    @discardableResult
    private mutating func needs(_ room: Float) throws(SettlementFileFailure) -> Bool {
        guard y - room < MerchantReportPDF.bottom else { return false }
        try addPage()
        return true
    }

    private mutating func saleColumns() throws(SettlementFileFailure) {
        y -= MerchantReportPDF.rowHeight + 4
        try text("Time", face: .bold)
        try text("Transaction", x: 140, face: .bold)
        try text("Security card / batch / index", x: 310, face: .bold)
        try right("Amount", face: .bold)
        try pdf.line(fromX: MerchantReportPDF.left, toX: MerchantReportPDF.right, y: y - 4)
        y -= MerchantReportPDF.rowHeight + 2
    }

    private mutating func row(_ name: String, _ figure: String) throws(SettlementFileFailure) {
        y -= MerchantReportPDF.rowHeight
        try text(name)
        try right(figure)
    }

    private func text(
        _ text: String,
        x: Float = left,
        size: Float = small,
        face: PDFDocument.Face = .plain
    ) throws(SettlementFileFailure) {
        try pdf.text(text, x: x, y: y, size: size, face: face)
    }

    private func amount(
        _ amount: ExactAmount,
        size: Float = small,
        face: PDFDocument.Face = .plain
    ) throws(SettlementFileFailure) {
        try right(amount.text(decimals: head.currency.decimals), size: size, face: face)
    }

    private func right(
        _ text: String,
        size: Float = small,
        face: PDFDocument.Face = .plain
    ) throws(SettlementFileFailure) {
        let x = MerchantReportPDF.right
        try pdf.text(text, x: x, y: y, size: size, face: face, isRight: true)
    }
}
