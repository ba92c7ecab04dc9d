// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// Holds, captures and releases, each once.
extension SimulatedNetwork {
    /// A step as it would be done: what changes, and the answer.
    private typealias Step = (change: NetworkBook.Change?, answer: ISOMessage)

    /// What comes before its sender has signed on. A request is remembered as declined, so that the
    /// same one gets the same answer after the sign-on, and holds nothing. An advice is taken then.
    func refuse(_ message: ISOMessage) async throws(StoreFailure) -> ISOMessage {
        let answer = SimulatedNetwork.answer(to: message, .notPermitted)
        // Who can never sign on leaves no trace.
        guard message.type.original == .authorizationRequest,
            let acquirer = message[text: .acquirer], profile.acquirers[acquirer] != nil,
            HoldRecord.key(message) != nil, message[.traceNumber] != nil
        else { return answer }
        return try await inOneCommit(message) { key, known async throws(StoreFailure) in
            known == nil ? declined(message, .notPermitted, key) : (nil, answer)
        }
    }

    /// 0100.
    func authorize(
        _ message: ISOMessage,
        _ behaviour: NetworkBehaviour
    ) async throws(StoreFailure) -> ISOMessage {
        try await inOneCommit(message) { key, known async throws(StoreFailure) in
            if let known {
                // Another request under the same RRN, or one that was reversed before it came.
                let isVoid = known.value.state == .void
                let response: NetworkResponse = isVoid ? .nothingDone : .duplicate
                return (nil, SimulatedNetwork.answer(to: message, response))
            }
            return try await decide(message, behaviour, key)
        }
    }

    /// 0220 and 0420, marked as repeats or not.
    func settle(_ message: ISOMessage) async throws(StoreFailure) -> ISOMessage {
        try await inOneCommit(message) { key, known async throws(StoreFailure) in
            let isReversal = message.type.original == .reversalAdvice
            guard let known else {
                guard isReversal else {
                    return (nil, SimulatedNetwork.answer(to: message, .originalUnknown))
                }
                // It overtook what it reverses, or that was lost.
                let hold = NetworkBook.Entry(value: HoldRecord(.void), revision: 0)
                let answer = SimulatedNetwork.answer(to: message, .approved)
                return (NetworkBook.Change(hold: (key, hold)), answer)
            }
            switch (known.value.state, isReversal) {
            case (.held, _): return try await close(message, key, known, isReversal)
            case (.captured, false), (.released, true), (.declined, true), (.void, true):
                // Done before, under another STAN.
                return (nil, SimulatedNetwork.answer(to: message, .duplicate))
            case (.captured, true):
                return (nil, SimulatedNetwork.answer(to: message, .invalidTransaction))
            case (.released, false), (.declined, false), (.void, false):
                return (nil, SimulatedNetwork.answer(to: message, .originalUnknown))
            }
        }
    }

    /// Decides until the decision is durable. What was answered before is answered again.
    private func inOneCommit(
        _ message: ISOMessage,
        _ decide: (RecordKey, NetworkBook.Entry<HoldRecord>?) async throws(StoreFailure) -> Step?
    ) async throws(StoreFailure) -> ISOMessage {
        guard let key = HoldRecord.key(message), message[.traceNumber] != nil else {
            return SimulatedNetwork.answer(to: message, .malformed)
        }
        for _ in 0..<NetworkLimits.attemptsMax {
            let known = try await book.hold(key)
            if let earlier = known?.value.answer(to: message),
                let answer = try? profile.dialect.decode(earlier)
            {
                return answer
            }
            // Somebody else was quicker: look again.
            guard var step = try await decide(key, known) else { continue }
            guard let bytes = try? profile.dialect.encode(step.answer) else {
                return SimulatedNetwork.answer(to: message, .malformed)
            }
            guard step.change != nil else { return step.answer }
            step.change?.hold.entry.value.note(bytes, to: message)
            if let change = step.change, try await book.commit(change) { return step.answer }
        }
        return SimulatedNetwork.answer(to: message, .malfunction)
    }

    /// Captures or releases what is held.
    ///
    /// - Returns: nil where somebody else has closed the hold since it was read: then the account
    ///   holds no more what is to be taken from it.
    private func close(
        _ message: ISOMessage,
        _ key: RecordKey,
        _ known: NetworkBook.Entry<HoldRecord>,
        _ isReversal: Bool
    ) async throws(StoreFailure) -> Step? {
        var hold = known
        guard SimulatedNetwork.amount(message) == hold.value.amount,
            SimulatedNetwork.currency(message) == hold.value.currency
        else { return (nil, SimulatedNetwork.answer(to: message, .invalidAmount)) }
        let accountKey = RecordKey(NetworkAccount.kind, hold.value.account)
        guard var account = try await book.account(accountKey) else {
            return (nil, SimulatedNetwork.answer(to: message, .malfunction))
        }
        guard try await book.hold(key)?.revision == known.revision else { return nil }
        if isReversal {
            account.value.release(hold.value.amount)
            hold.value.state = .released
        } else {
            account.value.capture(hold.value.amount)
            hold.value.state = .captured
        }
        var change = NetworkBook.Change(hold: (key, hold))
        change.account = (accountKey, account)
        return (change, SimulatedNetwork.answer(to: message, .approved))
    }

    // MARK: An authorisation

    private func decide(
        _ message: ISOMessage,
        _ behaviour: NetworkBehaviour,
        _ key: RecordKey
    ) async throws(StoreFailure) -> Step {
        guard let amount = SimulatedNetwork.amount(message),
            let currency = SimulatedNetwork.currency(message),
            let number = message[text: .accountNumber].flatMap({ FundingAccountNumber($0) }),
            let elements = try? ISOElements(message[.privateData], of: .privateData)
        else { return declined(message, .unknownAccount, key) }
        let accountKey = self.key(of: number)
        var account = try await book.account(accountKey)
        if account == nil, let opening = profile.openingBalance {
            account = .init(
                value: NetworkAccount(number, opening: opening, currency: currency),
                revision: 0
            )
        }
        guard var account else { return declined(message, .unknownAccount, key) }
        if case .decline(let response) = behaviour { return declined(message, response, key) }
        if isExpired(message, account.value) { return declined(message, .accountExpired, key) }
        var results = ISOElements()
        let isCodeWrong =
            behaviour == .codeMismatch || isWrong(elements[.verificationCode], account.value)
        if elements[.verificationCode] != nil || isCodeWrong {
            let result: CodeResult = isCodeWrong ? .differs : .matches
            results[.verificationCode] = result.rawValue
        }
        let address = SimulatedNetwork.address(elements)
        let addressResult =
            behaviour == .addressMismatch ? .differs : account.value.compare(address)
        results[.address] = addressResult?.rawValue
        if isCodeWrong { return declined(message, .verificationCodeWrong, key, results) }
        guard account.value.currency == currency else {
            return declined(message, .invalidTransaction, key, results)
        }
        guard account.value.hold(amount) else {
            return declined(message, .insufficientFunds, key, results)
        }
        let answer = approved(message, results)
        // Nothing is held for a check of the account.
        if amount == 0 { return (nil, answer) }
        let hold = HoldRecord(
            .held,
            account: accountKey.bytes,
            currency: currency,
            amount: amount
        )
        var change = NetworkBook.Change(hold: (key, .init(value: hold, revision: 0)))
        change.account = (accountKey, account)
        return (change, answer)
    }

    /// Where an account has no CVV2 of its own any is right but this one.
    package static let wrongCode = "000"

    private func isWrong(_ code: String?, _ account: NetworkAccount) -> Bool {
        guard let code else { return false }
        guard let right = account.verificationValue else {
            return code == SimulatedNetwork.wrongCode
        }
        return code != right.digits
    }

    private func approved(_ message: ISOMessage, _ results: ISOElements) -> ISOMessage {
        var answer = SimulatedNetwork.answer(to: message, .approved)
        answer[.responseData] = results.bytes
        let letters = Array("0123456789ABCDEFGHJKLMNPQRSTUVWX".utf8)
        answer[.approvalCode] = random.bytes(6).map { letters[Int($0) % letters.count] }
        return answer
    }

    private func declined(
        _ message: ISOMessage,
        _ response: NetworkResponse,
        _ key: RecordKey,
        _ results: ISOElements = ISOElements()
    ) -> Step {
        var answer = SimulatedNetwork.answer(to: message, response)
        answer[.responseData] = results.bytes
        let hold = NetworkBook.Entry(value: HoldRecord(.declined), revision: 0)
        return (NetworkBook.Change(hold: (key, hold)), answer)
    }

    /// Also where another month is given than the account has.
    private func isExpired(_ message: ISOMessage, _ account: NetworkAccount) -> Bool {
        guard let expiry = message[text: .expiry].flatMap({ ExpiryMonth(digits: $0) }),
            let month = ExpiryMonth(now())
        else { return true }
        return expiry < month || expiry != account.expiry ?? expiry
    }

    private static func amount(_ message: ISOMessage) -> UInt64? {
        message[text: .amount].flatMap { BCD.parse($0, count: 12) }.map(BCD.value)
    }

    private static func currency(_ message: ISOMessage) -> Currency? {
        message[text: .currency].flatMap { BCD.parse($0, count: 3) }
            .flatMap { Currency(bcd: UInt16($0)) }
    }

    private static func address(_ elements: ISOElements) -> AddressVerification? {
        let address = AddressVerification(
            street: elements[.streetNumber] ?? "",
            postalCode: elements[.postalCode] ?? ""
        )
        return address.isEmpty ? nil : address
    }
}
