// SPDX-License-Identifier: Apache-2.0

import CLibXML2

/// A page as libxml2's HTML parser reads it: it mends what is broken, as browsers do, fetches
/// nothing and runs nothing.
///
/// The tree is one array in document order, in which what is inside of a node follows it up to its
/// end: no recursion on a page that a stranger wrote.
package struct HTMLPage: Sendable {
    enum Content: Sendable {
        case element(name: String, attributes: [String: String])
        case text(String)
    }

    struct Node: Sendable {
        let content: Content
        /// The index after the last node inside of this one.
        var end: Int
    }

    let nodes: [Node]

    /// - Returns: nil if there is no element at all, or the nesting is deeper than libxml2 allows.
    package init?(_ text: String) {
        _ = HTMLPage.parserIsReady
        let options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue
            | HTML_PARSE_NOWARNING.rawValue | HTML_PARSE_NONET.rawValue
        var text = text
        let parsed = text.withUTF8 { utf8 in
            unsafe utf8.withMemoryRebound(to: CChar.self) { bytes in
                unsafe htmlReadMemory(
                    bytes.baseAddress,
                    Int32(clamping: bytes.count),
                    nil,
                    "UTF-8",
                    Int32(bitPattern: options)
                )
            }
        }
        guard let document = unsafe parsed else { return nil }
        defer { unsafe xmlFreeDoc(document) }
        guard let root = unsafe xmlDocGetRootElement(document) else { return nil }
        nodes = unsafe HTMLPage.flatten(root)
    }

    /// The parser's tables are made once, before two threads can race for them.
    private static let parserIsReady: Void = xmlInitParser()

    private static func flatten(_ root: xmlNodePtr) -> [Node] {
        var nodes: [Node] = []
        var open: [Int] = []
        var next: xmlNodePtr? = unsafe root
        while let node = unsafe next {
            if let content = unsafe content(of: node) {
                nodes.append(Node(content: content, end: nodes.count + 1))
            }
            // Only elements are entered; the others have no children of the page.
            if unsafe node.pointee.type == XML_ELEMENT_NODE,
                let child = unsafe node.pointee.children
            {
                open.append(nodes.count - 1)
                unsafe next = child
                continue
            }
            unsafe next = node
            while let here = unsafe next {
                if open.isEmpty {
                    unsafe next = nil
                } else if let sibling = unsafe here.pointee.next {
                    unsafe next = sibling
                    break
                } else {
                    nodes[open.removeLast()].end = nodes.count
                    unsafe next = here.pointee.parent
                }
            }
        }
        return nodes
    }

    private static func content(of node: xmlNodePtr) -> Content? {
        switch unsafe node.pointee.type {
        case XML_ELEMENT_NODE:
            var attributes: [String: String] = [:]
            var next = unsafe node.pointee.properties
            while let attribute = unsafe next {
                let name = unsafe string(attribute.pointee.name).lowercased()
                let value = unsafe attribute.pointee.children.map {
                    unsafe string($0.pointee.content)
                }
                // The first of two attributes of one name counts, as in browsers.
                if attributes[name] == nil { attributes[name] = value ?? "" }
                unsafe next = attribute.pointee.next
            }
            return .element(
                name: unsafe string(node.pointee.name).lowercased(),
                attributes: attributes
            )
        case XML_TEXT_NODE:
            return .text(unsafe string(node.pointee.content))
        default:
            // Comments, and what stands inside of `script` and `style`.
            return nil
        }
    }

    private static func string(_ bytes: UnsafePointer<xmlChar>?) -> String {
        unsafe bytes.map { unsafe String(cString: $0) } ?? ""
    }
}

/// One element of a page.
package struct HTMLElement: Sendable {
    let page: HTMLPage
    let index: Int
    package let name: String
    private let attributes: [String: String]

    init?(_ page: HTMLPage, _ index: Int) {
        guard case .element(let name, let attributes) = page.nodes[index].content
        else { return nil }
        self.page = page
        self.index = index
        self.name = name
        self.attributes = attributes
    }

    package subscript(_ attribute: String) -> String? { attributes[attribute] }

    func hasClass(_ name: String) -> Bool {
        attributes["class"]?.split(whereSeparator: \.isWhitespace).contains { $0 == name } ?? false
    }

    /// The text inside, with white space as a reader sees it.
    package var text: String {
        let pieces = page.nodes[index..<page.nodes[index].end].compactMap { node in
            if case .text(let text) = node.content { text } else { nil }
        }
        return pieces.joined().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The elements inside, in document order.
    package var inside: [HTMLElement] {
        (index + 1..<page.nodes[index].end).compactMap { HTMLElement(page, $0) }
    }

    package func first(_ name: String, where matches: (HTMLElement) -> Bool = { _ in true })
        -> HTMLElement?
    {
        inside.first { $0.name == name && matches($0) }
    }
}

extension HTMLPage {
    /// The outermost element.
    package var root: HTMLElement? { HTMLElement(self, 0) }
}
