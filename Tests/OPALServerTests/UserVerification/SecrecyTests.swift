// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Testing

@Suite struct SecrecyTests {
    private let start = UserWorld.start

    @Test func `No stored byte string holds a secret`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let mail = try #require(try await world.mails().first)
        let mailed = try #require(mail.body.firstMatch(of: /([A-Z]{4}-){3}[A-Z]{4}/)).output.0
        let before = try await world.storedBytes()
        let card = try UserWorld.card(1)
        let ticket = try await world.ticket()
        let setup = try await world.directory.completeSetup(
            ticket,
            newPassword: Password(UserWorld.password),
            card: card,
            extraWrites: [],
            at: start
        )
        guard case .completed(let token) = setup else { throw UnexpectedOutcome(setup) }
        _ = try await world.logOn("anna", "wrong password")
        let stored = try await before + world.storedBytes()
        let secrets = [
            "739", "4111111111111111", "first chosen password", UserWorld.password,
            String(mailed), String(mailed).replacing("-", with: ""), "anna", "Long Lane",
            token.text,
            ticket.text, UserWorld.home, card.digits,
        ]
        for secret in secrets {
            let bytes = Array(secret.utf8)
            #expect(!stored.contains { $0.contains(bytes) })
        }
        for raw in [card.bytes, plainHash(Array("anna".utf8))] {
            #expect(!stored.contains { $0.contains(raw) })
        }
    }

    @Test func `Nothing that holds a secret prints it`() async throws {
        let world = UserWorld()
        let token = try await world.setUp()
        let mail = try #require(try await world.mails().first)
        let identifier = try #require(UserIdentifier("anna"))
        let account = "\(UserWorld.form())"
        var printed = "\(Password("secret words")) \(token) \(mail) \(identifier) \(account)"
        dump(Password("secret words"), to: &printed)
        dump(token, to: &printed)
        dump(mail, to: &printed)
        dump(identifier, to: &printed)
        dump(UserWorld.form(), to: &printed)
        dump(LogonOutcome.signedIn(token), to: &printed)
        for secret in ["secret words", token.text, mail.to, "anna", "4111", "739"] {
            #expect(!printed.contains(secret))
        }
    }

    @Test func `A user whose record was changed stops, and nobody else does`() async throws {
        let world = UserWorld()
        try await world.setUp("anna", email: "anna@example.org", number: 1)
        try await world.setUp("berta", email: "berta@example.org", number: 2)
        let anna = try #require(try await world.directory.profile(ofIdentifier: "anna"))
        let key = RecordKey(UserRecordKinds.user, anna.key.bytes)
        let record = try #require(try await world.store.read(key))
        let write = RecordWrite.put(
            key,
            expectedRevision: record.revision,
            body: record.body
        )
        #expect(try await world.store.commit(Transition(writes: [write])) == .committed)
        await #expect(throws: UserFailure.module(.sealBroken)) {
            try await world.logOn("anna")
        }
        #expect(try await world.logOn("berta").token != nil)
    }

    @Test func `A mail is removed once it was sent`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let waiting = try #require(try await world.outbox.waiting().first)
        #expect(try await world.outbox.remove(waiting))
        #expect(try await !world.outbox.remove(waiting))
        #expect(try await world.mails().isEmpty)
    }
}
