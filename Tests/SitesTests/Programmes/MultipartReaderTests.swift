// SPDX-License-Identifier: Apache-2.0

import Sites
import Testing

@Suite struct MultipartReaderTests {
    private static let type = "multipart/form-data; boundary=\"XyZ\""
    private static let body = """
        --XyZ\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n--XyZ\r\n\
        content-disposition: form-data; name="file"; filename="a.csv"\r\n\
        Content-Type: text/csv\r\n\r\none\r\n--Xy\r\n\r\n--XyX two\r\n\r\n--XyZ--\r\n
        """

    /// The parts, however their contents were cut.
    private func parts(_ events: [MultipartReader.Event]) -> [[String]] {
        var parts: [[String]] = []
        var content: [UInt8] = []
        for event in events {
            switch event {
            case .begin(let name, let file): parts.append([name, file ?? "-"])
            case .content(let bytes): content += bytes
            case .end:
                parts[parts.count - 1].append(String(decoding: content, as: UTF8.self))
                content = []
            }
        }
        return parts
    }

    @Test func `a body gives its parts, wherever it is cut`() throws {
        let bytes = Array(Self.body.utf8)
        let wanted = [
            ["csrf", "-", "token"], ["file", "a.csv", "one\r\n--Xy\r\n\r\n--XyX two\r\n"],
        ]
        for cut in bytes.indices {
            var reader = try MultipartReader(contentType: Self.type)
            var events = try reader.add(Array(bytes[..<cut]))
            events += try reader.add(Array(bytes[cut...]))
            #expect(parts(events) == wanted && reader.isDone, "\(cut)")
        }
        var reader = try MultipartReader(contentType: Self.type)
        var events: [MultipartReader.Event] = []
        for byte in bytes { events += try reader.add([byte]) }
        #expect(parts(events) == wanted && reader.isDone)
    }

    @Test func `a body that ends early is not done`() throws {
        let bytes = Array(Self.body.utf8)
        for count in 0..<bytes.count - 2 {
            var reader = try MultipartReader(contentType: Self.type)
            _ = try reader.add(Array(bytes[..<count]))
            #expect(!reader.isDone, "\(count)")
        }
    }

    @Test(arguments: [
        "text/csv", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/mixed; boundary=XyZ",
        "multipart/form-data; boundary=" + String(repeating: "x", count: 71), "",
    ])
    func `what is no upload is refused`(type: String) {
        #expect(throws: FormFailure.contentType) { try MultipartReader(contentType: type) }
    }

    @Test(arguments: [
        "--Xyz\r\n", "XyZ\r\n--XyZ\r\n", "--XyZ x\r\n", "--XyZ\r\nname=\"a\"\r\n\r\n",
        "--XyZ\r\nContent-Disposition: form-data\r\n\r\n",
        "--XyZ\r\n" + String(repeating: "x", count: SiteLimits.partHeaderBytesMax + 1),
    ])
    func `a malformed body is refused`(body: String) {
        #expect(throws: FormFailure.encoding) {
            var reader = try MultipartReader(contentType: Self.type)
            _ = try reader.add(Array(body.utf8))
        }
    }

    @Test func `more parts than a form has are refused`() throws {
        let part = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n"
        let body = String(repeating: part, count: SiteLimits.partsMax + 1)
        #expect(throws: FormFailure.tooManyFields) {
            var reader = try MultipartReader(contentType: Self.type)
            _ = try reader.add(Array(body.utf8))
        }
    }
}
