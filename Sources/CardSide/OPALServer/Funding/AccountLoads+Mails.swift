// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

// Who is told of a load, and what.
extension AccountLoads {
    /// The mails that become durable with a credit. Whom they go to is looked up before, so that
    /// nothing is asked while the card is credited.
    struct Mails: Sendable {
        fileprivate let users: UserDirectory
        fileprivate let payer: String?
        /// A child's address, where it is not its guardian's.
        fileprivate let child: String?

        func writes(
            ofCredited load: AccountLoadRecord
        ) async throws(UserFailure) -> [RecordWrite] {
            var writes: [RecordWrite] = []
            let moment = load.decidedAt ?? load.begunAt
            if let payer {
                let mail = users.wording.loaded(to: payer, load, at: moment)
                writes.append(try await users.outbox.write(mail, from: users.random))
            }
            if let child {
                let mail = users.wording.received(to: child, load, at: moment)
                writes.append(try await users.outbox.write(mail, from: users.random))
            }
            return writes
        }
    }

    /// - Throws: where it cannot be said now who is to be told. A person whose record does not open
    ///   is not told: the value comes first.
    func mails(for load: AccountLoadRecord) async throws(ModuleFailure) -> Mails {
        do throws(AccountLoadRefusal) {
            let payer = try await email(of: load.payer)
            let child = load.purpose.isForChild ? try await email(ofHolder: load.card) : nil
            let isTold = child.map(ASCII.lowercased) == payer.map(ASCII.lowercased)
            return Mails(users: users, payer: payer, child: isTold ? nil : child)
        } catch {
            throw .unavailable("the payer cannot be told")
        }
    }

    /// The mail that tells of a load that came to nothing. A standing order tells by itself how
    /// often it was tried.
    func mails(
        ofRefused load: AccountLoadRecord,
        _ audience: Audience
    ) async throws(UserFailure) -> [RecordWrite] {
        guard audience == .byMail, load.purpose.isBegunByPerson, let refusal = load.refusal else {
            return []
        }
        let found: String?
        do throws(AccountLoadRefusal) {
            found = try await email(of: load.payer)
        } catch {
            throw .busy
        }
        guard let found else { return [] }
        let mail = users.wording.notLoaded(to: found, load, refusal, at: now())
        return [try await users.outbox.write(mail, from: users.random)]
    }

    /// - Returns: nil for a person whose record does not open: they are not told.
    func email(of user: UserKey) async throws(AccountLoadRefusal) -> String? {
        try await asking { () async throws(UserFailure) in try await users.read(user) }?.user.email
    }

    private func email(
        ofHolder card: CardIdentifier
    ) async throws(AccountLoadRefusal) -> String? {
        try await asking { () async throws(UserFailure) in
            try await users.holder(of: card)
        }?.user.email
    }
}
