// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct WaitsTests {
    private let noon = Instant(milliseconds: 1_780_315_200_000)
    private let start = Uptime(microseconds: 5_000_000)

    @Test func `what was begun before this process has waited since then`() {
        var waits = Waits<Int>()
        let age = waits.age(
            of: 1,
            begunAt: noon,
            now: noon.adding(.seconds(90)),
            uptime: start
        )
        #expect(age == .seconds(90))
    }

    @Test func `a wall clock that is set back or forward changes no wait`() {
        for jump in [Duration.seconds(-86_400), .seconds(86_400)] {
            var waits = Waits<Int>()
            #expect(waits.age(of: 1, begunAt: noon, now: noon, uptime: start) == .zero)
            let later = waits.age(
                of: 1,
                begunAt: noon,
                now: noon.adding(jump),
                uptime: start.adding(.seconds(7))
            )
            #expect(later == .seconds(7))
        }
    }

    @Test func `what seems to be begun in the future begins to wait now`() {
        var waits = Waits<Int>()
        let early = noon.subtracting(.seconds(3600))
        #expect(waits.age(of: 1, begunAt: noon, now: early, uptime: start) == .zero)
        let later = start.adding(.seconds(60))
        #expect(waits.age(of: 1, begunAt: noon, now: early, uptime: later) == .seconds(60))
    }

    @Test func `what is not kept begins anew`() {
        var waits = Waits<Int>()
        for key in [1, 2] { _ = waits.age(of: key, begunAt: noon, now: noon, uptime: start) }
        waits.keep(only: [1])
        let later = start.adding(.seconds(60))
        #expect(waits.age(of: 1, begunAt: noon, now: noon, uptime: later) == .seconds(60))
        #expect(waits.age(of: 2, begunAt: noon, now: noon, uptime: later) == .zero)
    }
}
