// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule

package typealias OperatorName = SignInName
package typealias OperatorSession = SignInSession
package typealias OperatorFailure = SignInFailure

/// Who may use the operator console, and what operators did.
package final class OperatorDesk: Sendable {
    package static let operatorKind = RecordKind("operator", keyBytes: 1...32)
    /// What the store must be opened with.
    package static let kinds =
        [
            operatorKind, OperatorJournal.kind, OperatorJournal.questionKind,
            OperatorJournal.programmeKind, OperatorJournal.operatorKind,
            OperatorJournal.clearingKind, OperatorJournal.keysKind,
        ] + FigureBook.kinds + [OperatorRoles.kind, LimitProposal.kind]

    package let journal: OperatorJournal
    /// What happened, hour by hour.
    package let figures: FigureBook
    let roles: OperatorRoles
    let proposals: LimitProposals
    private let signIn: SignInDesk

    /// `uptime`: a clock that only goes forward, for sessions; nil where nobody sets the other one.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        passwords: any PasswordModule,
        random: any RandomSource,
        uptime: (@Sendable () -> Uptime)? = nil
    ) {
        journal = OperatorJournal(store: store, seals: seals)
        proposals = LimitProposals(store: store, seals: seals)
        roles = OperatorRoles(store: store, seals: seals)
        figures = FigureBook(store: store, seals: seals)
        signIn = SignInDesk(
            Self.operatorKind,
            store: store,
            seals: seals,
            passwords: passwords,
            random: random,
            uptime: uptime
        )
    }

    // MARK: Operators

    /// Makes the first operator, with a password that the composition gives.
    ///
    /// - Returns: false where there is an operator already; then nothing was changed.
    package func makeFirst(
        _ name: OperatorName,
        password: String
    ) async throws(OperatorFailure) -> Bool {
        guard try await signIn.count() == 0 else { return false }
        // The role first: without one he would see nothing when there is another operator.
        try await roles.give(.everything, to: name)
        return try await signIn.make(name, password: password)
    }

    /// Gives an operator a password; a new one is made. All of his sessions end.
    package func setPassword(
        _ password: String,
        of name: OperatorName
    ) async throws(OperatorFailure) {
        try await signIn.setPassword(password, of: name)
    }

    /// Whether there is one operator alone.
    func isAlone() async throws(OperatorFailure) -> Bool { try await signIn.count() == 1 }

    func isKnown(_ name: OperatorName) async throws(OperatorFailure) -> Bool {
        try await signIn.isKnown(name)
    }

    /// All names, in their order.
    func names() async throws(OperatorFailure) -> [OperatorName] { try await signIn.names() }

    func make(_ name: OperatorName, password: String) async throws(OperatorFailure) -> Bool {
        try await signIn.make(name, password: password)
    }

    /// Removes an operator with his role.
    func delete(_ name: OperatorName) async throws(OperatorFailure) -> Bool {
        try await signIn.remove(name, with: [OperatorRoles.key(name)])
    }

    // MARK: Sessions

    /// Checks name and password. An unknown operator takes as long and gets the same answer.
    package func logOn(
        _ typed: String,
        _ password: String,
        from address: String,
        at now: Instant
    ) async throws(OperatorFailure) -> SignInDesk.Logon {
        try await signIn.logOn(typed, password, from: address, at: now)
    }

    /// The session with this token, or nil where it is over.
    package func session(_ token: String, at now: Instant) -> OperatorSession? {
        signIn.session(token, at: now)
    }

    package func signOut(_ session: OperatorSession) {
        signIn.signOut(session)
    }

    // MARK: Acts

    /// What operators did to a card, oldest first.
    package func journal(
        of card: CardIdentifier
    ) async throws(OperatorFailure) -> [OperatorJournal.Act] {
        try await journal.acts(on: card)
    }

    /// What operators did with a loyalty programme, oldest first.
    package func journal(
        ofProgramme code: Currency
    ) async throws(OperatorFailure) -> [OperatorJournal.Act] {
        try await journal.acts(onProgramme: code)
    }

    /// What became of an operator, oldest first.
    package func journal(
        ofOperator name: OperatorName
    ) async throws(OperatorFailure) -> [OperatorJournal.Act] {
        try await journal.acts(onOperator: name)
    }

    /// The last question about a transaction, or nil where there was none.
    package func lastQuestion(
        about transaction: TransactionIdentifier
    ) async throws(OperatorFailure) -> OperatorJournal.Act? {
        try await journal.lastQuestion(about: transaction)
    }
}
