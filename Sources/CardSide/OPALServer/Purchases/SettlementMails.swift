// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

/// Makes the mails that tell cardholders how a payment that was pending has ended.
package struct SettlementMails: Sendable {
    private let users: UserDirectory

    package init(_ users: UserDirectory) {
        self.users = users
    }

    /// The write of the mail for a draw that ends now, to be made durable with its end; none where
    /// nobody holds the card, or where the holder's record does not open: the value comes first.
    ///
    /// - Throws: where the holder cannot be looked up now. The draw then stays open, and is asked
    ///   about again.
    func writes(
        for draw: DrawRecord,
        at now: Instant
    ) async throws(ModuleFailure) -> [RecordWrite] {
        do throws(UserFailure) {
            guard let holder = try await users.holder(of: draw.card) else { return [] }
            let mail = users.wording.settled(to: holder.user.email, draw, at: now)
            return [try await users.outbox.write(mail, from: users.random)]
        } catch {
            throw .unavailable("the holder of the card cannot be told")
        }
    }
}
