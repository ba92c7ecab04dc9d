// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// Fields that several records of user verification have.
extension ByteReader {
    /// The leading byte of a record: there is one version as yet.
    mutating func version() throws(WireFailure) {
        guard try byte("version") == UserRecordVersion.current else {
            throw failure("version", .invalid)
        }
    }

    /// Milliseconds in 8 bytes, up to the year 9999, so that it has a civil time and can be added
    /// to without overflow.
    mutating func instant(_ field: StaticString) throws(WireFailure) -> Instant {
        try value(field, bytes: 8) { milliseconds in
            milliseconds < 253_402_300_800_000 ? Instant(milliseconds: Int64(milliseconds)) : nil
        }
    }

    /// As ``instant(_:)``; zero is none.
    mutating func optionalInstant(_ field: StaticString) throws(WireFailure) -> Instant? {
        let instant = try instant(field)
        return instant.milliseconds == 0 ? nil : instant
    }

    mutating func userKey() throws(WireFailure) -> UserKey {
        UserKey(try bytes("user", count: UserKey.length))
    }
}

extension ByteWriter {
    mutating func version() { byte(UserRecordVersion.current) }

    mutating func instant(_ instant: Instant) {
        integer(UInt64(bitPattern: instant.milliseconds), bytes: 8)
    }

    mutating func optionalInstant(_ instant: Instant?) {
        integer(UInt64(bitPattern: instant?.milliseconds ?? 0), bytes: 8)
    }
}

enum UserRecordVersion {
    static let current: UInt8 = 1
}
