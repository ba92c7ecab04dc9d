// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

// A load whose end is not known yet, as it is told to who waits for it.
extension AccountLoads {
    /// What the person is told, as far as it is known.
    ///
    /// Where the store answers nothing at all, *pending* is all that can be said; the page of the
    /// load (``load(_:by:)``) says it, and that a mail comes, only once that is sure.
    func told(_ stored: Stored) async -> AccountLoadOutcome {
        do throws(AccountLoadRefusal) {
            return try await markedAsPending(stored).load.outcome
        } catch {
            return stored.load.outcome
        }
    }

    /// Before a person is told that a load is pending, its record gets another revision: who ends
    /// it at the same time for another click, and knows of nobody else who waits, finds it changed,
    /// and ends it with the mail.
    ///
    /// - Returns: the load as it is afterwards; perhaps it has ended meanwhile. One that is not to
    ///   be told as pending, or was before, is left as it is.
    /// - Throws: `.storeUnavailable` where neither is durable.
    func markedAsPending(_ stored: Stored) async throws(AccountLoadRefusal) -> Stored {
        var stored = stored
        for _ in 0..<Self.marksMax {
            guard stored.isUntold else { return stored }
            do throws(UserFailure) {
                let write = try await write(stored.load, expectedRevision: stored.revision)
                if try await users.records.commit(Transition(writes: [write])) {
                    stored.revision += 1
                    return stored
                }
            } catch {
                // Whether it was stored is known only by looking.
            }
            stored = await reread(stored)
        }
        guard stored.isUntold else { return stored }
        throw .storeUnavailable
    }

    /// How often something is tried that should not fail, before nothing is sure.
    private static let marksMax = 3
}

extension AccountLoads.Stored {
    /// Whether somebody may have been told that it is pending: only then a load that is not decided
    /// has another revision than its first.
    var isMarkedAsPending: Bool { load.state == .authorizing && revision > 1 }

    /// Whether it would be told as pending, and its end perhaps without a mail. A standing order
    /// tells by itself what becomes of its loads.
    fileprivate var isUntold: Bool {
        load.state == .authorizing && !isMarkedAsPending && load.purpose.isBegunByPerson
    }
}
