// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Where a piece of work belongs: the trace that it is a part of, and the span that is the work
/// itself. W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/).
///
/// It is the word of whoever sent it and not authenticated: nothing is ever decided by it.
package struct TraceContext: Equatable, Sendable {
    /// 16 bytes that all work of one cause has in common; not all zero.
    package let high: UInt64
    package let low: UInt64
    /// This piece of work, for those that it causes their parent; not zero.
    package let span: UInt64
    /// Whether the caller may have written its own part down: the only flag of level 1.
    package let isSampled: Bool

    /// - Returns: nil where trace or span are all zero, which the recommendation forbids.
    package init?(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool) {
        guard high | low != 0, span != 0 else { return nil }
        self.init(valid: high, low, span: span, isSampled: isSampled)
    }

    private init(valid high: UInt64, _ low: UInt64, span: UInt64, isSampled: Bool) {
        self.high = high
        self.low = low
        self.span = span
        self.isSampled = isSampled
    }

    /// The first work of a new trace. It is written down, so it is sampled.
    package static func begun(using random: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            valid: number(using: &random),
            random.next(),
            span: number(using: &random),
            isSampled: true
        )
    }

    /// Work that this work causes: the same trace, a span of its own.
    package func child(using random: inout some RandomNumberGenerator) -> TraceContext {
        TraceContext(
            valid: high,
            low,
            span: TraceContext.number(using: &random),
            isSampled: isSampled
        )
    }

    private static func number(using random: inout some RandomNumberGenerator) -> UInt64 {
        while true {
            let number = random.next()
            if number != 0 { return number }
        }
    }

    /// As logs have it: 32 lower-case hexadecimal digits.
    package var traceText: String { Hex.text(high.bigEndianBytes + low.bigEndianBytes) }
    /// As logs have it: 16 lower-case hexadecimal digits.
    package var spanText: String { Hex.text(span.bigEndianBytes) }
}

// MARK: As a header

extension TraceContext {
    /// The name of the header, in lower case as it is sent.
    package static let header = "traceparent"
    /// `version-trace-parent-flags` of version 00.
    private static let headerBytes = 55
    private static let sampledFlag: UInt8 = 1

    /// Reads the header of a request. What is not to the letter of the recommendation is
    /// nothing, and the receiver begins a trace of its own. A later version is read as far as this
    /// one goes, as the recommendation wants it.
    ///
    /// `values`: all headers of this name; more than one is nothing.
    package init?(headers values: [String]) {
        guard values.count == 1, let value = values.first else { return nil }
        self.init(header: value)
    }

    package init?(header: String) {
        let text = Array(header.utf8)
        let isSeparator = { (place: Int) in text[place] == UInt8(ascii: "-") }
        guard text.count >= Self.headerBytes, isSeparator(2), isSeparator(35), isSeparator(52),
            let version = Self.integer(text[0..<2]), version != 0xFF,
            let high = Self.integer(text[3..<19]), let low = Self.integer(text[19..<35]),
            let span = Self.integer(text[36..<52]), let flags = Self.integer(text[53..<55])
        else { return nil }
        if text.count > Self.headerBytes {
            guard version > 0, isSeparator(Self.headerBytes) else { return nil }
        }
        self.init(
            high: high,
            low: low,
            span: span,
            isSampled: UInt8(flags) & Self.sampledFlag != 0
        )
    }

    /// The number of hexadecimal digits; capitals are not allowed.
    private static func integer(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard !(0x41...0x46).contains(digit), let value = Hex.digit(digit) else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// The header of a request that this work makes, or of the answer to the one that caused it.
    package var headerText: String {
        "00-\(traceText)-\(spanText)-\(isSampled ? "01" : "00")"
    }
}

// MARK: In a frame

extension TraceContext {
    /// Trace 16, span 8, flags 1.
    package static let byteCount = 25

    /// The flags in a frame: those of the header.
    package var flags: UInt8 { isSampled ? Self.sampledFlag : 0 }

    /// What a frame of a link says; nil for all zero, which stands for none.
    package init?(high: UInt64, low: UInt64, span: UInt64, flags: UInt8) {
        self.init(high: high, low: low, span: span, isSampled: flags & Self.sampledFlag != 0)
    }
}
