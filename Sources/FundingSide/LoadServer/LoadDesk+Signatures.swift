// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// What module 864 says of the signatures of a load on record.
package struct AuthorizationSignatures: Equatable, Sendable {
    package enum Answer: Sendable {
        case right
        case wrong
        /// The issuer's key of this version is not in the module.
        case keyUnknown
        /// The module does not answer.
        case unavailable
    }

    /// S1 of the card and S2 of the module; nil where no S2 was issued.
    package let request: Answer?
    /// S3; nil where the card has not answered.
    package let completion: Answer?
}

// For the load server's operator.
extension LoadDesk {
    /// Has the signatures of a load checked again.
    package func signatures(of record: AuthorizationRecord) async -> AuthorizationSignatures {
        guard let load = record.load, let credit = record.credit else {
            return AuthorizationSignatures(request: nil, completion: nil)
        }
        let request = await answer { () async throws(ModuleFailure) in
            let again = try await module.authorize(
                load.request,
                load.answer,
                completion: credit.completion
            )
            return again == credit
        }
        guard let answer = record.answer else {
            return AuthorizationSignatures(request: request, completion: nil)
        }
        let completion = await self.answer { () async throws(ModuleFailure) in
            try await module.verify(answer, to: credit, of: load.request, load.answer)
            return true
        }
        return AuthorizationSignatures(request: request, completion: completion)
    }

    private func answer(
        _ check: () async throws(ModuleFailure) -> Bool
    ) async -> AuthorizationSignatures.Answer {
        do throws(ModuleFailure) {
            return try await check() ? .right : .wrong
        } catch .sealBroken {
            return .wrong
        } catch .keyUnknown {
            return .keyUnknown
        } catch {
            return .unavailable
        }
    }
}
