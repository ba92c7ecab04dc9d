// SPDX-License-Identifier: Apache-2.0

import Kernel
import PaymentServer
import Testing

@testable import opal

/// When a day ends, as the settings say.
@Suite struct CollectionSettingsTests {
    /// Midnight of 2026-11-29, by UTC.
    private let midnight = Instant(milliseconds: 20_786 * 86_400_000)

    private func moment(_ hour: Int, _ minute: Int) -> Instant {
        midnight.adding(.seconds((hour * 60 + minute) * 60))
    }

    @Test func `the last end of a day is today's, or yesterday's before it`() throws {
        let end = try #require(TimeOfDay("22:30"))
        #expect(end.last(before: moment(22, 30)) == moment(22, 30))
        #expect(end.last(before: moment(23, 59)) == moment(22, 30))
        #expect(end.last(before: moment(22, 29)) == moment(-2, 30))
        #expect(TimeOfDay.midnight.last(before: moment(12, 0)) == midnight)
    }

    @Test(arguments: ["", "22", "22:3", "24:00", "12:60", "-1:00", "22:30:00", "a2:30", "١٢:٠٠"])
    func `what is no time of day is none`(text: String) {
        #expect(TimeOfDay(text) == nil)
    }

    @Test func `a sale of the moment when the day ends belongs to the next day`() throws {
        let settings = CollectionSettings()
        let cutOff = try #require(settings.policy(at: moment(12, 0)).cutOff)
        #expect(cutOff < midnight && midnight <= cutOff.adding(.milliseconds(1)))
    }

    @Test func `without an end of day count and age alone close batches`() {
        var settings = CollectionSettings()
        settings.dayEnd = nil
        #expect(settings.policy(at: midnight).cutOff == nil)
        #expect(settings.policy(at: midnight).age == .seconds(15 * 60))
        #expect(settings.policy(at: midnight).count == 10_000)
    }
}
