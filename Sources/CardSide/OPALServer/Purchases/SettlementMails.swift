// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

/// Makes the mails that tell cardholders how a payment that was pending has ended, that a card was
/// loaded, that a shop has given something back, how a dispute stands, and what became of value
/// that nobody used.
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
        try await writes(to: draw.card) { users.wording.settled(to: $0, draw, at: now) }
    }

    /// The write of the receipt of a load, likewise.
    func writes(
        for load: LoadRecord,
        at now: Instant
    ) async throws(ModuleFailure) -> [RecordWrite] {
        try await writes(to: load.card) { users.wording.loaded(to: $0, load, at: now) }
    }

    /// The write of the mail about a refund, likewise.
    func writes(
        for refund: RefundNotice,
        at now: Instant
    ) async throws(ModuleFailure) -> [RecordWrite] {
        try await writes(to: refund.card) { users.wording.refunded(to: $0, refund, at: now) }
    }

    /// The write of the mail about a sweep, or about its return, likewise.
    func writes(
        for sweep: SweepRecord
    ) async throws(ModuleFailure) -> [RecordWrite] {
        try await writes(to: sweep.card) { email in
            switch sweep.event {
            case .swept(let reason, _): users.wording.swept(to: email, sweep, reason)
            case .givenBack: users.wording.givenBack(to: email, sweep)
            }
        }
    }

    /// Nil for a user who is gone, or whose record does not open: that keeps nobody's money back.
    private func email(of user: UserKey) async throws(UserFailure) -> String? {
        do throws(UserFailure) {
            return try await users.read(user)?.user.email
        } catch .module(.sealBroken), .damaged { return nil } catch { throw error }
    }

    /// The writes of the mails about a dispute that stands anew: to the holder, and to the guardian
    /// of a child; likewise.
    ///
    /// `given`: what the merchant has given back by itself, in minor units.
    func writes(
        for dispute: Dispute,
        givenByMerchant given: UInt64,
        at now: Instant
    ) async throws(ModuleFailure) -> [RecordWrite] {
        do throws(UserFailure) {
            guard let holder = try await users.holder(of: dispute.sale.card) else { return [] }
            var readers = [holder.user.email]
            if let guardian = holder.user.guardian, let email = try await email(of: guardian) {
                readers.append(email)
            }
            var writes: [RecordWrite] = []
            for reader in readers {
                let mail = users.wording.disputed(
                    to: reader,
                    dispute,
                    givenByMerchant: given,
                    at: now
                )
                guard let mail else { continue }
                writes.append(try await users.outbox.write(mail, from: users.random))
            }
            return writes
        } catch {
            throw .unavailable("the holder of the card cannot be told")
        }
    }

    private func writes(
        to card: CardIdentifier,
        _ mail: (String) -> MailMessage
    ) async throws(ModuleFailure) -> [RecordWrite] {
        do throws(UserFailure) {
            guard let holder = try await users.holder(of: card) else { return [] }
            return [try await users.outbox.write(mail(holder.user.email), from: users.random)]
        } catch {
            throw .unavailable("the holder of the card cannot be told")
        }
    }
}
