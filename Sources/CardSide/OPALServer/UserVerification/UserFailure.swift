// SPDX-License-Identifier: Apache-2.0

package import Records
package import SecurityModule
package import Wire

/// Why user verification could not answer. What a person did wrong is never a failure but an
/// outcome. No case holds an identifier, a password or a token.
package enum UserFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    /// `.sealBroken` means that somebody changed a record: it stops that user alone.
    case module(ModuleFailure)
    /// A record opened but is not what it should be; the failure names the field.
    case damaged(WireFailure)
    /// Too many others changed the same record at the same time.
    case busy
}
