// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel

/// Randomness from the system's generator, which is fit for keys.
struct SystemRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let word = generator.next()
            for shift in stride(from: 0, to: 64, by: 8) where bytes.count < count {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }
}

/// The system's clocks: civil time, and one that only goes forward, also while the machine sleeps.
enum SystemClock {
    private static let start = ContinuousClock.now

    static let uptime: @Sendable () -> Uptime = {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Uptime(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    static let now: @Sendable () -> Instant = {
        Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}

/// A password that people can read and type: 20 letters and digits without look-alikes, about
/// 99 bits.
enum ReadablePassword {
    static func make() -> String {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<20).map { _ in alphabet.randomElement(using: &generator) ?? "x" }
        return stride(from: 0, to: 20, by: 5)
            .map { String(letters[$0..<$0 + 5]) }.joined(separator: "-")
    }
}
