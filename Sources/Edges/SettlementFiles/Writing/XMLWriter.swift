// SPDX-License-Identifier: Apache-2.0

/// Writes one XML document, element by element, and keeps none of it.
final class XMLWriter {
    private let sink: any ByteSink
    private var buffer: [UInt8] = []
    private var open: [String] = []

    /// - Parameters:
    ///   - sink: gets the bytes in pieces of about ``SettlementLimits/writtenPieceBytes``.
    ///   - message: for example `pain.001.001.09`.
    init(to sink: any ByteSink, message: String) {
        self.sink = sink
        let namespace = "urn:iso:std:iso:20022:tech:xsd:\(message)"
        raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"\(namespace)\">\n")
        open.append("Document")
    }

    func begin(_ names: String...) {
        for name in names {
            indent()
            raw("<\(name)>\n")
            open.append(name)
        }
    }

    /// Closes as many elements as were begun last.
    func end(_ count: Int = 1) throws(SettlementFileFailure) {
        for _ in 0..<count {
            let name = open.removeLast()
            indent()
            raw("</\(name)>\n")
        }
        if buffer.count >= SettlementLimits.writtenPieceBytes { try flush() }
    }

    /// Text inside of elements, each inside of the one before it.
    func value(_ text: String, in names: String...) {
        element(text, attribute: "", names)
    }

    func amount(_ amount: FileAmount, in names: String...) {
        element(amount.text, attribute: " Ccy=\"\(amount.currency.code)\"", names)
    }

    /// Closes all that is open and hands on what is left.
    func endDocument() throws(SettlementFileFailure) {
        try end(open.count)
        try flush()
    }

    private func element(_ text: String, attribute: String, _ names: [String]) {
        guard let last = names.last else { return }
        indent()
        for name in names.dropLast() { raw("<\(name)>") }
        raw("<\(last)\(attribute)>")
        escaped(text)
        raw("</\(last)>")
        for name in names.dropLast().reversed() { raw("</\(name)>") }
        raw("\n")
    }

    private func indent() {
        buffer.append(contentsOf: repeatElement(0x20, count: open.count))
    }

    private func raw(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    private func escaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case 0x26: raw("&amp;")
            case 0x3C: raw("&lt;")
            case 0x3E: raw("&gt;")
            default: buffer.append(byte)
            }
        }
    }

    private func flush() throws(SettlementFileFailure) {
        guard !buffer.isEmpty else { return }
        try sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
