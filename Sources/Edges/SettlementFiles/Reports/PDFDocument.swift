// SPDX-License-Identifier: Apache-2.0

import CHaru
import Foundation

/// A PDF document of text and lines on A4 pages, made by libharu. The same calls give the same
/// bytes: no date and no identifier of the library's own is in it.
@safe final class PDFDocument {
    enum Face: Int { case plain, bold }

    /// Points, 1/72 inch, from the lower left corner.
    static let width: Float = 595
    static let height: Float = 842

    private let document: HPDF_Doc
    private var fonts: [HPDF_Font] = unsafe []
    private var page: HPDF_Page?

    /// - Throws: `.pdf`.
    init(title: String) throws(SettlementFileFailure) {
        guard let document = unsafe HPDF_New(nil, nil) else { throw .pdf(0) }
        unsafe self.document = unsafe document
        _ = unsafe HPDF_SetCompressionMode(document, HPDF_UINT(HPDF_COMP_ALL))
        // Thousands of pages, in a tree instead of a list.
        _ = unsafe HPDF_SetPagesConfiguration(document, 64)
        for name in ["Helvetica", "Helvetica-Bold"] {
            guard let font = unsafe HPDF_GetFont(document, name, "WinAnsiEncoding") else {
                throw unsafe .pdf(UInt(HPDF_GetError(document)))
            }
            unsafe fonts.append(font)
        }
        let title = LatinText.inLatin(title).filter(\.isASCII)
        _ = unsafe HPDF_SetInfoAttr(document, HPDF_INFO_TITLE, title)
        try check()
    }

    deinit {
        unsafe HPDF_Free(document)
    }

    func addPage() throws(SettlementFileFailure) {
        unsafe page = HPDF_AddPage(document)
        _ = unsafe HPDF_Page_SetWidth(page, PDFDocument.width)
        _ = unsafe HPDF_Page_SetHeight(page, PDFDocument.height)
        _ = unsafe HPDF_Page_SetLineWidth(page, 0.5)
        try check()
    }

    /// - Parameters:
    ///   - text: one line; characters that the font lacks are transliterated, or become `?`.
    ///   - x: where it begins, or ends where `isRight`.
    ///   - y: of its base line.
    ///   - size: in points.
    ///   - face: which of the two fonts.
    ///   - isRight: whether it ends at `x`.
    /// - Throws: `.pdf`.
    func text(
        _ text: String,
        x: Float,
        y: Float,
        size: Float,
        face: Face = .plain,
        isRight: Bool = false
    ) throws(SettlementFileFailure) {
        let bytes = PDFDocument.encoded(text) + [0]
        _ = unsafe HPDF_Page_BeginText(page)
        _ = unsafe HPDF_Page_SetFontAndSize(page, fonts[face.rawValue], size)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                let width = isRight ? unsafe HPDF_Page_TextWidth(page, text.baseAddress) : 0
                _ = unsafe HPDF_Page_TextOut(page, x - width, y, text.baseAddress)
            }
        }
        _ = unsafe HPDF_Page_EndText(page)
        try check()
    }

    func line(fromX: Float, toX: Float, y: Float) throws(SettlementFileFailure) {
        _ = unsafe HPDF_Page_MoveTo(page, fromX, y)
        _ = unsafe HPDF_Page_LineTo(page, toX, y)
        _ = unsafe HPDF_Page_Stroke(page)
        try check()
    }

    /// The whole document.
    ///
    /// - Throws: `.pdf`.
    func bytes() throws(SettlementFileFailure) -> [UInt8] {
        _ = unsafe HPDF_SaveToStream(document)
        try check()
        var size = unsafe HPDF_GetStreamSize(document)
        let count = Int(size)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            _ = unsafe HPDF_ReadFromStream(document, buffer.baseAddress, &size)
            filled = min(Int(size), count)
        }
        guard bytes.count == count else { throw .pdf(0) }
        return bytes
    }

    /// A failed call leaves its code behind, and all that follow do nothing.
    private func check() throws(SettlementFileFailure) {
        let code = unsafe HPDF_GetError(document)
        guard code == 0 else { throw .pdf(UInt(code)) }
    }

    /// Windows-1252, which the fonts have; only what it lacks is changed.
    private static func encoded(_ text: String) -> [UInt8] {
        text.flatMap { character -> [UInt8] in
            if let data = String(character).data(using: .windowsCP1252) {
                return data.filter { $0 >= 0x20 }
            }
            return LatinText.inLatin(String(character)).unicodeScalars.map { scalar in
                (0x20...0x7E).contains(scalar.value) ? UInt8(scalar.value) : 0x3F
            }
        }
    }
}
