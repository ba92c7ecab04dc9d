// SPDX-License-Identifier: Apache-2.0

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
