// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

/// Which browser brought the result of which sign-in. A sign-in ends in the browser that began it
/// *and* came back with the proof: else who begins one could have somebody else prove it, and be
/// signed in as that person.
///
/// In memory, as the sessions are: after a restart a sign-in is begun anew.
final class ProofArrivals: Sendable {
    private struct Arrival {
        let token: String
        let at: Uptime
    }

    private let random: any RandomSource
    private let arrivals = Mutex<[TransactionIdentifier: Arrival]>([:])

    init(random: any RandomSource) {
        self.random = random
    }

    /// The first browser that brings a result is told a token; whoever brings it again is told
    /// another one, which opens nothing.
    func token(of transaction: TransactionIdentifier, at now: Uptime) -> String {
        let token = Base64URL.encode(random.bytes(SignInLimits.tokenBytes))
        arrivals.withLock { arrivals in
            if arrivals.count >= AirlineLimits.arrivalsMax {
                arrivals = arrivals.filter {
                    now < $0.value.at.adding(AirlineLimits.arrivalTime)
                }
            }
            guard arrivals[transaction] == nil, arrivals.count < AirlineLimits.arrivalsMax else {
                return
            }
            arrivals[transaction] = Arrival(token: token, at: now)
        }
        return token
    }

    /// Whether this browser brought the result.
    func isFrom(_ token: String, _ transaction: TransactionIdentifier, at now: Uptime) -> Bool {
        let arrival = arrivals.withLock { $0[transaction] }
        guard let arrival, now < arrival.at.adding(AirlineLimits.arrivalTime) else { return false }
        return ConstantTime.isEqual(Array(arrival.token.utf8), Array(token.utf8))
    }
}
