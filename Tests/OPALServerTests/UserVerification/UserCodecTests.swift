// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@testable import OPALServer

@Suite struct UserCodecTests {
    private static let start = UserWorld.start

    private func users() throws -> [UserRecord] {
        let expiry = try #require(AccountExpiry(year: 2027, month: 12))
        let waiting = UserRecord(
            identifier: try #require(UserIdentifier("Ännchen")),
            state: .awaitingMail(until: Self.start),
            createdAt: Self.start,
            epoch: 0xFFFF_FFFF_FFFF_FFFF,
            passwordHash: [1, 2, 3],
            oneTime: .init(hash: [4, 5], expiresAt: Self.start),
            email: "a@b.org",
            funding: .account(
                try #require(FundingAccount(number: "4111111111111111", expiry: expiry)),
                BillingAddress(street: "1 Long Lane", city: "Å", postalCode: "1", country: "NO")
            )
        )
        var active = waiting
        active.state = .active(try UserWorld.card(7))
        active.oneTime = nil
        active.noticeAt = Self.start
        active.reminderAt = Self.start
        active.predecessor = try UserWorld.card(6)
        let child = UserRecord(
            identifier: try #require(UserIdentifier("Emma")),
            state: .active(try UserWorld.card(8)),
            createdAt: Self.start,
            epoch: 1,
            passwordHash: [1],
            email: "a@b.org",
            funding: .guardian(UserKey(plainHash([9])))
        )
        let given = UserRecord(
            identifier: try #require(UserIdentifier("Finn")),
            state: .active(try UserWorld.card(9)),
            createdAt: Self.start,
            epoch: 2,
            passwordHash: [1],
            email: "a@b.org",
            funding: .issuer
        )
        return [waiting, active, child, given]
    }

    private func sessions() -> [SessionRecord] {
        SessionRecord.Purpose.allCases.map {
            SessionRecord(
                purpose: $0,
                user: UserKey(plainHash([1])),
                epoch: 9,
                createdAt: Self.start,
                lastSeenAt: Self.start
            )
        }
    }

    private func attempts() -> [AttemptsRecord] {
        AttemptPurpose.allCases.map { purpose in
            var record = AttemptsRecord(purpose, at: Self.start)
            for _ in 1...60 { record.add(at: Self.start) }
            return record
        }
    }

    private func mail() -> MailMessage {
        MailMessage(to: "a@b.org", subject: "Ünit", body: "one\ntwo\n", madeAt: Self.start)
    }

    @Test func `Every record comes back as it was written`() throws {
        for user in try users() { #expect(try UserRecord(user.bytes) == user) }
        for session in sessions() { #expect(try SessionRecord(session.bytes) == session) }
        for attempts in attempts() { #expect(try AttemptsRecord(attempts.bytes) == attempts) }
        #expect(try MailMessage(mail().bytes) == mail())
    }

    @Test func `A user stored by version 1 has an account and no card before`() throws {
        for user in try users().prefix(2) {
            var old = user.bytes
            old[0] = 1
            // The byte for the funding stands behind the e-mail; the card before stands last.
            let email = [0, 7] + Array("a@b.org".utf8)
            let start = try #require(old.indices.first { old[$0...].starts(with: email) })
            #expect(old.remove(at: start + email.count) == 1)
            old.removeLast(user.predecessor == nil ? 1 : 9)
            var expected = user
            expected.predecessor = nil
            #expect(try UserRecord(old) == expected)
        }
    }

    @Test func `A guardian's list comes back as it was written`() throws {
        let random = SeededRandom(seed: 43)
        var list = Guardianship()
        for number in 0..<FundingLimits.childrenMax {
            list.entries.append(
                .init(
                    child: UserKey(plainHash([UInt8(number)])),
                    name: "É\(number)",
                    openedAt: Self.start
                )
            )
            #expect(try Guardianship(list.bytes) == list)
        }
        mutate(list.bytes, random) { bytes throws(WireFailure) in try Guardianship(bytes).bytes }
    }

    @Test func `Any bytes give the same bytes again or a failure`() throws {
        let random = SeededRandom(seed: 42)
        for user in try users() {
            mutate(user.bytes, random) { bytes throws(WireFailure) in
                // What version 1 wrote is written again as version 2.
                let first = try UserRecord(bytes).bytes
                return bytes.first == 1 ? bytes : first
            }
        }
        for session in sessions() {
            mutate(session.bytes, random) { bytes throws(WireFailure) in
                try SessionRecord(bytes).bytes
            }
        }
        for attempts in attempts() {
            mutate(attempts.bytes, random) { bytes throws(WireFailure) in
                try AttemptsRecord(bytes).bytes
            }
        }
        mutate(mail().bytes, random) { bytes throws(WireFailure) in
            try MailMessage(bytes).bytes
        }
    }

    @Test func `A record of another version, cut or with more behind it is refused`() throws {
        let good = try users()[0].bytes
        var newer = good
        newer[0] = 3
        #expect(throws: WireFailure(path: "user: version", problem: .invalid)) {
            try UserRecord(newer)
        }
        #expect(throws: WireFailure(path: "user: end", problem: .tooLong)) {
            try UserRecord(good + [0])
        }
        for length in 0..<good.count {
            #expect(throws: WireFailure.self) { try UserRecord(Array(good.prefix(length))) }
        }
    }

    @Test func `A one-time password has four groups of letters that nobody confuses`() throws {
        for seed in UInt64(0)..<200 {
            let password = OneTimePassword(from: SeededRandom(seed: seed))
            #expect(
                password.grouped.wholeMatch(of: /([A-HJKMNP-TV-Z]{4}-){3}[A-HJKMNP-TV-Z]{4}/) != nil
            )
            #expect(OneTimePassword(typed: password.grouped.lowercased())?.text == password.text)
            #expect(OneTimePassword.hasMailedShape(password.grouped))
            #expect(!OneTimePassword.hasMailedShape(password.text))
        }
    }

    /// 2000 seeded changes: flipped, cut, inserted, doubled.
    private func mutate(
        _ good: [UInt8],
        _ random: SeededRandom,
        _ again: ([UInt8]) throws(WireFailure) -> [UInt8]
    ) {
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0...random.below(3) {
                let position = random.below(max(bytes.count, 1))
                switch random.below(4) {
                case 0 where !bytes.isEmpty: bytes[position] ^= UInt8(1 << random.below(8))
                case 1: bytes = Array(bytes.prefix(position))
                case 2: bytes.insert(random.bytes(1)[0], at: min(position, bytes.count))
                default: bytes += bytes.prefix(position)
                }
            }
            do throws(WireFailure) {
                #expect(try again(bytes) == bytes)
            } catch {
                #expect(!error.path.isEmpty)
            }
        }
    }
}
