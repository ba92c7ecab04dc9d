// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Sweeps as bytes, for messages and records: number 8, TRX 16, CURR 2, CEXP 1, M 8, event 1 (01
// dormant, 02 expired, 03 given back), number of the sweep that is given back 8, else 0.
extension ByteReader {
    package mutating func sweepNotice() throws(WireFailure) -> SweepNotice {
        let number = try integer("number", bytes: 8)
        let transaction = try self.transaction()
        let amount = try money()
        let code = try byte("event")
        let sweep = try integer("sweep", bytes: 8)
        let event: SweepNotice.Event
        switch (SweepReason(rawValue: code), code) {
        case (let reason?, _) where sweep == 0: event = .swept(reason)
        case (nil, SweepNotice.givenBackCode): event = .givenBack(sweep)
        default: throw failure("event", .invalid)
        }
        let notice = SweepNotice(
            number: number,
            transaction: transaction,
            amount: amount,
            event: event
        )
        guard let notice else { throw failure("event", .invalid) }
        return notice
    }

    /// How many 2, and each.
    mutating func sweepNotices() throws(WireFailure) -> [SweepNotice] {
        let count = Int(try integer("sweeps", bytes: 2))
        guard count <= IssuerMessage.sweepsMax else { throw failure("sweeps", .invalid) }
        var notices: [SweepNotice] = []
        for _ in 0..<count { notices.append(try sweepNotice()) }
        return notices
    }
}

extension ByteWriter {
    package mutating func sweepNotice(_ notice: SweepNotice) {
        integer(notice.number, bytes: 8)
        transaction(notice.transaction)
        money(notice.amount)
        switch notice.event {
        case .swept(let reason):
            byte(reason.rawValue)
            integer(0, bytes: 8)
        case .givenBack(let sweep):
            byte(SweepNotice.givenBackCode)
            integer(sweep, bytes: 8)
        }
    }

    mutating func sweepNotices(_ notices: [SweepNotice]) {
        precondition(notices.count <= IssuerMessage.sweepsMax)
        integer(UInt64(notices.count), bytes: 2)
        for notice in notices { sweepNotice(notice) }
    }
}

extension SweepNotice {
    /// Behind those of the reasons.
    fileprivate static let givenBackCode: UInt8 = 0x03
}
