// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Traces

/// `Tests/Vectors/trace-context`: examples of the W3C recommendation, and what its rules refuse.
private struct Vectors: Decodable {
    struct Valid: Decodable {
        let why, header, trace, span: String
        let sampled: Bool
    }
    struct Invalid: Decodable {
        let why, header: String
    }
    let valid: [Valid]
    let invalid: [Invalid]

    init() throws {
        let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Vectors/trace-context/traceparent.json")
        self = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }
}

@Suite struct TraceContextTests {
    private static let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a header that the recommendation allows is read`() throws {
        let vectors = try Vectors()
        #expect(vectors.valid.count > 5)
        for vector in vectors.valid {
            let trace = try #require(TraceContext(header: vector.header), "\(vector.why)")
            #expect(trace.traceText == vector.trace, "\(vector.why)")
            #expect(trace.spanText == vector.span, "\(vector.why)")
            #expect(trace.isSampled == vector.sampled, "\(vector.why)")
        }
    }

    @Test func `a header that the recommendation forbids is nothing`() throws {
        let vectors = try Vectors()
        #expect(vectors.invalid.count > 20)
        for vector in vectors.invalid {
            #expect(TraceContext(header: vector.header) == nil, "\(vector.why)")
        }
    }

    @Test func `a header cut short anywhere is nothing`() {
        for count in 0..<Self.example.count {
            #expect(TraceContext(header: String(Self.example.prefix(count))) == nil)
        }
    }

    @Test func `of two headers none is believed`() {
        #expect(TraceContext(headers: [Self.example])?.headerText == Self.example)
        #expect(TraceContext(headers: []) == nil)
        #expect(TraceContext(headers: [Self.example, Self.example]) == nil)
    }

    @Test func `what is passed on is version 00 with the one flag that is known`() throws {
        let later = try #require(
            TraceContext(header: "42" + Self.example.dropFirst(2).dropLast(2) + "ff-more")
        )
        #expect(later.headerText == Self.example)
    }

    @Test func `a child is another span of the same trace`() throws {
        var random = SystemRandomNumberGenerator()
        let parent = try #require(TraceContext(header: Self.example))
        let child = parent.child(using: &random)
        #expect(child.traceText == parent.traceText)
        #expect(child.span != parent.span && child.isSampled == parent.isSampled)
    }

    @Test func `neither trace nor span is ever all zero`() {
        /// Zeros before each number, as no good generator gives them.
        struct Zeros: RandomNumberGenerator {
            var count = 0
            mutating func next() -> UInt64 {
                count += 1
                return count.isMultiple(of: 3) ? UInt64(count) : 0
            }
        }
        var random = Zeros()
        let begun = TraceContext.begun(using: &random)
        #expect(begun.high | begun.low != 0 && begun.span != 0)
        #expect(begun.child(using: &random).span != 0)
        #expect(TraceContext(header: begun.headerText) == begun)
    }

    @Test func `a frame without a trace says so with zeros`() throws {
        #expect(TraceContext(high: 0, low: 0, span: 0, flags: 0) == nil)
        #expect(TraceContext(high: 0, low: 0, span: 7, flags: 1) == nil)
        #expect(TraceContext(high: 1, low: 0, span: 0, flags: 1) == nil)
        let trace = try #require(TraceContext(header: Self.example))
        let same = TraceContext(
            high: trace.high,
            low: trace.low,
            span: trace.span,
            flags: trace.flags
        )
        #expect(same == trace)
    }
}
