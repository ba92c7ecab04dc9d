// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// A mail to one person, as plain text. It never prints, because it can hold a one-time password.
package struct MailMessage: Equatable, Sendable {
    package let to: String
    package let subject: String
    /// Lines end with a line feed.
    package let body: String
    package let madeAt: Instant

    package init(to: String, subject: String, body: String, madeAt: Instant) {
        precondition(to.utf8.count <= UserLimits.emailBytesMax)
        precondition(subject.utf8.count <= UserLimits.mailSubjectBytesMax)
        precondition(body.utf8.count <= UserLimits.mailBodyBytesMax)
        self.to = to
        self.subject = subject
        self.body = body
        self.madeAt = madeAt
    }
}

extension MailMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(mail)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

// Version 1, made at 8, to, subject, body (all counted, UTF-8).
extension MailMessage {
    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "mail")
        try reader.version()
        madeAt = try reader.instant("made at")
        to = try reader.text("to", bytesMax: UserLimits.emailBytesMax)
        subject = try reader.text("subject", bytesMax: UserLimits.mailSubjectBytesMax)
        let raw = try reader.counted("body", max: UserLimits.mailBodyBytesMax)
        // The only text with several lines, which ByteReader.text does not take.
        guard let body = String(validating: raw, as: UTF8.self),
            body.unicodeScalars.allSatisfy({
                $0.value == 0x0A || ($0.value >= 0x20 && $0.value != 0x7F)
            })
        else { throw reader.failure("body", .invalid) }
        self.body = body
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64 + to.utf8.count + subject.utf8.count + body.utf8.count)
        writer.version()
        writer.instant(madeAt)
        writer.text(to)
        writer.text(subject)
        writer.text(body)
        return writer.bytes
    }
}
