// SPDX-License-Identifier: Apache-2.0

import CLibXML2

/// libxml2's parser, told a file piece by piece, with nothing of XML that a stranger could use: a
/// document type ends it before any entity is declared, nothing is fetched, and depth, text and
/// attributes have limits.
@safe final class XMLPushParser {
    private let events: any XMLEvents
    private var context: xmlParserCtxtPtr?
    /// Why the parser was stopped.
    private var failure: BankStatementFailure?
    /// Of each open element: whether there are elements inside of it.
    private var hasElements: [Bool] = []
    private var text: [UInt8] = []
    private var bytes: UInt64 = 0

    init(_ events: any XMLEvents) throws(BankStatementFailure) {
        _ = XMLPushParser.parserIsReady
        self.events = events
        var handler = unsafe XMLPushParser.handler
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe context = xmlCreatePushParserCtxt(&handler, me, nil, 0, nil)
        guard let context = unsafe context else { throw .unreadable }
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOCDATA.rawValue
        _ = unsafe xmlCtxtUseOptions(context, Int32(bitPattern: options))
    }

    deinit {
        unsafe xmlFreeParserCtxt(context)
    }

    /// - Throws: what the document broke; the parser is of no use after that.
    func feed(_ piece: ArraySlice<UInt8>) throws(BankStatementFailure) {
        bytes += UInt64(piece.count)
        guard bytes <= SettlementLimits.statementBytesMax else { throw .tooLarge }
        try parse(piece, isLast: false)
    }

    /// - Throws: `.cut` where the document has not ended.
    func finish() throws(BankStatementFailure) {
        try parse([], isLast: true)
    }

    private func parse(_ piece: ArraySlice<UInt8>, isLast: Bool) throws(BankStatementFailure) {
        let code = unsafe piece.withUnsafeBytes { bytes in
            unsafe xmlParseChunk(
                context,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(clamping: bytes.count),
                isLast ? 1 : 0
            )
        }
        if let failure { throw failure }
        guard code != 0 else { return }
        // Up to its end it was as it should be.
        guard !isLast else { throw .cut }
        let line = unsafe context?.pointee.input?.pointee.line
        throw .notXML(line: Int(line ?? 0))
    }

    private func stop(_ failure: BankStatementFailure) {
        if self.failure == nil { self.failure = failure }
        unsafe xmlStopParser(context)
    }

    private func began(_ name: String, _ namespace: String, _ attributes: [String: String]) {
        guard failure == nil else { return }
        guard hasElements.count < SettlementLimits.depthMax else { return stop(.tooDeep) }
        guard isBlank else { return stop(.textBetweenElements) }
        if !hasElements.isEmpty { hasElements[hasElements.count - 1] = true }
        hasElements.append(false)
        text.removeAll(keepingCapacity: true)
        do throws(BankStatementFailure) {
            try events.began(name, in: namespace, attributes: attributes)
        } catch { stop(error) }
    }

    private func ended(_ name: String) {
        guard failure == nil else { return }
        guard hasElements.popLast() == false || isBlank else { return stop(.textBetweenElements) }
        do throws(BankStatementFailure) {
            try events.ended(name, text: String(decoding: text, as: UTF8.self))
        } catch { stop(error) }
        text.removeAll(keepingCapacity: true)
    }

    private var isBlank: Bool { text.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

    private func said(_ piece: UnsafeBufferPointer<UInt8>) {
        guard failure == nil else { return }
        guard text.count + piece.count <= SettlementLimits.elementTextBytesMax else {
            return stop(.textTooLong)
        }
        unsafe text.append(contentsOf: piece)
    }

    /// The library's tables are made once, before two threads can race for them.
    private static let parserIsReady: Void = xmlInitParser()

    private static func parser(_ context: UnsafeMutableRawPointer?) -> XMLPushParser? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<XMLPushParser>.fromOpaque(context).takeUnretainedValue()
    }

    private static func string(_ bytes: UnsafePointer<xmlChar>?) -> String {
        unsafe bytes.map { unsafe String(cString: $0) } ?? ""
    }

    /// Only these are called; without the others no tree, no entity and no message on standard
    /// error is made.
    private static var handler: xmlSAXHandler {
        var handler = unsafe xmlSAXHandler()
        // XML_SAX2_MAGIC, a macro.
        unsafe handler.initialized = 0xDEED_BEAF
        unsafe handler.internalSubset = { me, _, _, _ in
            unsafe XMLPushParser.parser(me)?.stop(.documentTypeRefused)
        }
        unsafe handler.startElementNs = { me, name, _, namespace, _, _, count, _, attributes in
            guard let parser = unsafe XMLPushParser.parser(me) else { return }
            guard Int(count) <= SettlementLimits.attributesMax else {
                return parser.stop(.tooManyAttributes)
            }
            let values = unsafe XMLPushParser.attributes(attributes, count: Int(count))
            unsafe parser.began(XMLPushParser.string(name), XMLPushParser.string(namespace), values)
        }
        unsafe handler.endElementNs = { me, name, _, _ in
            unsafe XMLPushParser.parser(me)?.ended(XMLPushParser.string(name))
        }
        unsafe handler.characters = { me, bytes, count in
            unsafe XMLPushParser.parser(me)?.said(
                UnsafeBufferPointer(start: bytes, count: Int(count))
            )
        }
        return unsafe handler
    }

    /// Five pointers each: name, prefix, namespace, and where the value begins and ends.
    private static func attributes(
        _ pointers: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?,
        count: Int
    ) -> [String: String] {
        guard let pointers = unsafe pointers else { return [:] }
        var result: [String: String] = [:]
        for index in 0..<count {
            let attribute = unsafe pointers + 5 * index
            guard unsafe attribute[2] == nil, let begin = unsafe attribute[3],
                let end = unsafe attribute[4]
            else { continue }
            let value = unsafe UnsafeBufferPointer(start: begin, count: end - begin)
            result[unsafe string(attribute[0])] = unsafe String(decoding: value, as: UTF8.self)
        }
        return result
    }
}
