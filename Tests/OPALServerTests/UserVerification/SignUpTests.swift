// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Testing

@Suite struct SignUpTests {
    private let start = UserWorld.start

    @Test func `A sign-up stores one user and mails one password`() async throws {
        let world = UserWorld()
        let outcome = try await world.directory.signUp(
            UserWorld.form(),
            from: UserWorld.home,
            at: start
        )
        #expect(outcome == .checkYourMail)
        #expect(try await world.store.count(UserRecordKinds.user) == 1)
        #expect(try await world.mails().map(\.to) == ["anna@example.org"])
        #expect(world.accounts.questions == ["4111111111111111 739"])
    }

    @Test func `Every wrong field is named at once, in the order of the page`() async throws {
        let world = UserWorld()
        let empty = try await world.directory.signUp(
            SignUpForm(),
            from: UserWorld.home,
            at: start
        )
        #expect(empty == .invalid(SignUpField.allCases.map { FieldError($0, .missing) }))
        #expect(world.accounts.questions.isEmpty)
        #expect(world.passwords.work == 0)
        #expect(world.store.commits == 0)
    }

    @Test(
        arguments: [
            ("ab", FieldProblem.tooShort), ("a b c", .notAllowed), ("a\u{200B}bc", .notAllowed),
            (String(repeating: "a", count: 65), .tooLong), ("abc", nil), ("  Änne ", nil),
        ] as [(String, FieldProblem?)]
    )
    func `A user identifier has 3 to 64 visible characters`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        var form = UserWorld.form()
        form.userIdentifier = text
        try await expect(form, .userIdentifier, problem)
    }

    @Test(
        arguments: [
            ("4111111111111112", FieldProblem.malformed), ("411111111111111x", .notAllowed),
            ("41111111111", .tooShort), ("41111111111111111111", .tooLong),
            ("4111-1111-1111-1111", nil), ("378282246310005", nil),
        ] as [(String, FieldProblem?)]
    )
    func `An account number has 12 to 19 digits and a right check digit`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        var form = UserWorld.form()
        form.accountNumber = text
        try await expect(form, .accountNumber, problem)
    }

    @Test(
        arguments: [
            ("09/25", FieldProblem.past), ("10/25", nil), ("10 / 2025", nil), ("13/25", .malformed),
            ("1025", .malformed), ("10/46", .malformed), ("10/45", nil), ("00/26", .malformed),
        ] as [(String, FieldProblem?)]
    )
    func `An account can be used until the end of its month`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        var form = UserWorld.form()
        form.expiry = text
        try await expect(form, .expiry, problem)
    }

    @Test(
        arguments: [
            ("12", FieldProblem.tooShort), ("1234", nil), ("12345", .tooLong), ("12a", .notAllowed),
        ] as [(String, FieldProblem?)]
    )
    func `A card verification value has 3 or 4 digits`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        var form = UserWorld.form()
        form.verificationValue = text
        try await expect(form, .verificationValue, problem)
    }

    @Test(
        arguments: [
            ("anna", FieldProblem.malformed), ("a@b@c.org", .malformed), ("a@b", .malformed),
            ("a b@c.org", .malformed), ("a@c.org\nBcc: x@y.org", .malformed),
            ("a<b>@c.org", .malformed), ("a@-c.org", .malformed), ("a@c..org", .malformed),
            (String(repeating: "a", count: 250) + "@c.org", .tooLong), ("a.b+c@d-e.co.uk", nil),
        ] as [(String, FieldProblem?)]
    )
    func `An e-mail address has the shape of one`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        try await expect(UserWorld.form(email: text), .email, problem)
    }

    @Test(
        arguments: [
            ("short", FieldProblem.tooShort), (String(repeating: "ab", count: 65), .tooLong),
            ("Password123", .tooCommon), ("aaaaaaaaaaaa", .tooCommon),
            ("ANNA-LIVIA-1", .sameAsIdentifier), ("Anna@Example.org", .tooCommon),
            ("abcd-efgh-jkmn-pqrs", .notAllowed), ("tab\tin the middle", .notAllowed),
            ("ten chars!", nil), (String(repeating: "abcd", count: 32), nil),
        ] as [(String, FieldProblem?)]
    )
    func `A password is long enough and not one that everybody tries`(
        _ text: String,
        _ problem: FieldProblem?
    ) async throws {
        var form = UserWorld.form("Anna-Livia-1")
        form.password = text
        try await expect(form, .password, problem)
    }

    @Test(
        arguments: [("USA", FieldProblem.malformed), ("1x", .malformed), (" de ", nil)]
            as [(String, FieldProblem?)]
    )
    func `A country is two letters`(_ text: String, _ problem: FieldProblem?) async throws {
        var form = UserWorld.form()
        form.country = text
        try await expect(form, .country, problem)
    }

    @Test func `An account that is refused or cannot be checked stores nobody`() async throws {
        let world = UserWorld()
        world.accounts.willAnswer(.refused(.verificationValueWrong))
        let refused = try await world.directory.signUp(
            UserWorld.form(),
            from: UserWorld.home,
            at: start
        )
        #expect(refused == .accountRefused(.verificationValueWrong))
        world.accounts.willAnswer(.unavailable)
        let unavailable = try await world.directory.signUp(
            UserWorld.form(),
            from: UserWorld.home,
            at: start
        )
        #expect(unavailable == .accountCheckUnavailable)
        #expect(try await world.store.count(UserRecordKinds.user) == 0)
        #expect(try await world.mails().isEmpty)
    }

    @Test func `Guessing verification values from one address is slowed down`() async throws {
        let world = UserWorld()
        world.accounts.willAnswer(.refused(.verificationValueWrong))
        for _ in 1...10 {
            let outcome = try await world.directory.signUp(
                UserWorld.form(),
                from: UserWorld.home,
                at: start
            )
            #expect(outcome == .accountRefused(.verificationValueWrong))
        }
        let outcome = try await world.directory.signUp(
            UserWorld.form(),
            from: UserWorld.home,
            at: start
        )
        #expect(outcome == .throttled(until: start + .seconds(1)))
        #expect(world.accounts.questions.count == 10)
    }

    @Test func `A taken identifier gets the same answer for the same work`() async throws {
        let world = UserWorld()
        let first = try await world.directory.signUp(
            UserWorld.form(),
            from: UserWorld.home,
            at: start
        )
        let work = world.passwords.work
        let second = try await world.directory.signUp(
            UserWorld.form("ANNA", email: "other@example.org"),
            from: "192.0.2.9",
            at: start
        )
        #expect(first == second)
        #expect(world.passwords.work == 2 * work)
        #expect(try await world.store.count(UserRecordKinds.user) == 1)
        // Both applicants got one mail, and the owner a note.
        let mails = try await world.mails()
        #expect(mails.count { $0.to == "other@example.org" } == 1)
        #expect(mails.count { $0.to == "anna@example.org" } == 2)
        #expect(!mails.contains { $0.to == "other@example.org" && $0.body.contains("one-time") })
    }

    @Test func `The owner of a taken identifier is told at most once an hour`() async throws {
        let world = UserWorld()
        try await world.setUp()
        let notes = { () async throws -> Int in
            try await world.mails().count { $0.subject.hasPrefix("Somebody tried") }
        }
        for later in [0, 1, 3599] {
            _ = try await world.directory.signUp(
                UserWorld.form(),
                from: "192.0.2.9",
                at: start + .seconds(later)
            )
        }
        #expect(try await notes() == 1)
        _ = try await world.directory.signUp(
            UserWorld.form(),
            from: "192.0.2.9",
            at: start + .seconds(3600)
        )
        #expect(try await notes() == 2)
    }

    @Test func `Of two sign-ups at once with one identifier one gets the user`() async throws {
        for seed in UInt64(1)...10 {
            let world = UserWorld(seed: seed)
            async let one = world.directory.signUp(
                UserWorld.form(email: "one@example.org"),
                from: "192.0.2.1",
                at: start
            )
            async let two = world.directory.signUp(
                UserWorld.form(email: "two@example.org"),
                from: "192.0.2.2",
                at: start
            )
            let outcomes = try await [one, two]
            #expect(outcomes == [.checkYourMail, .checkYourMail])
            #expect(try await world.store.count(UserRecordKinds.user) == 1)
            let mails = try await world.mails()
            #expect(mails.count { $0.subject == "Set up your virtual card" } == 1)
        }
    }

    @Test func `A sign-up whose person never came frees the identifier`() async throws {
        let world = UserWorld()
        _ = try await world.directory.signUp(UserWorld.form(), from: UserWorld.home, at: start)
        let old = try await world.mailedPassword()
        let later = start + UserLimits.oneTimeTime
        try await world.setUp("anna", email: "new@example.org", at: later)
        let outcome = try await world.directory.logOn(
            "anna",
            old,
            from: UserWorld.home,
            at: later
        )
        #expect(outcome.isRefused)
        #expect(try await world.logOn(at: later).token != nil)
    }

    /// Signs up with a form that is right but for one field.
    private func expect(
        _ form: SignUpForm,
        _ field: SignUpField,
        _ problem: FieldProblem?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await UserWorld().directory.signUp(
            form,
            from: UserWorld.home,
            at: start
        )
        let expected = problem.map { SignUpOutcome.invalid([FieldError(field, $0)]) }
        #expect(outcome == expected ?? .checkYourMail, sourceLocation: sourceLocation)
    }
}
