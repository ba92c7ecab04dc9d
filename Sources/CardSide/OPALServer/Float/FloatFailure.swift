// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Records
package import SecurityModule
package import Wire

/// Why the issuer cannot say anything about sales or its float now.
package enum FloatFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case module(ModuleFailure)
    /// A record opened but is not what it should be.
    case damaged(WireFailure)
    /// Too many others changed the same records at the same time.
    case busy

    init(_ failure: UserFailure) {
        switch failure {
        case .store(let failure): self = .store(failure)
        case .module(let failure): self = .module(failure)
        case .damaged(let failure): self = .damaged(failure)
        case .busy: self = .busy
        }
    }
}

/// Reads from a store, as a failure of the float.
func reading<Value>(
    _ part: () async throws(StoreFailure) -> Value
) async throws(FloatFailure) -> Value {
    do throws(StoreFailure) {
        return try await part()
    } catch {
        throw .store(error)
    }
}

/// Does a step with the issuer's sealed records, as a failure of the float.
func attempt<Value>(
    _ part: () async throws(UserFailure) -> Value
) async throws(FloatFailure) -> Value {
    do throws(UserFailure) {
        return try await part()
    } catch {
        throw FloatFailure(error)
    }
}

/// Does a step with the security module, as a failure of the float.
func asking<Value>(
    _ part: () async throws(ModuleFailure) -> Value
) async throws(FloatFailure) -> Value {
    do throws(ModuleFailure) {
        return try await part()
    } catch { throw .module(error) }
}

/// How a commit of a card ended.
enum CardCommit {
    case committed
    /// Somebody else changed the card, or a record beside it.
    case conflict
    /// The card was set back, and is stopped.
    case setBack
}

extension Emulator {
    /// Makes a change of a card durable with what belongs to it, as a step of the float.
    ///
    /// `expected`: the revision of the record that was changed.
    func attempt(
        _ change: CardChange,
        expected: UInt64,
        with writes: [RecordWrite]
    ) async throws(FloatFailure) -> CardCommit {
        do throws(EmulatorFailure) {
            try await commit(change, expected: expected, with: writes)
            return .committed
        } catch {
            switch error {
            case .conflict: return .conflict
            case .setBack: return .setBack
            case .store(let failure): throw .store(failure)
            case .module(let failure): throw .module(failure)
            }
        }
    }
}
