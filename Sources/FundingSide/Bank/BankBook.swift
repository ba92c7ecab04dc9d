// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The bank's records in the store: each is sealed under its name and revision, and each change of
/// an account or of a load has its journal row.
struct BankBook: Sendable {
    /// A record with the revision that its next state follows from; 0 for one that is new.
    struct Entry<Value: Sendable>: Sendable {
        let value: Value
        let revision: UInt64
    }

    let store: any RecordStore
    let sealing: any RecordSealing

    // MARK: Reading

    /// - Throws: `.unknownAccount`, `.damaged`, `.store`, `.module`.
    func account(_ number: AccountNumber) async throws(BankFailure) -> Entry<Account> {
        guard let record = try await read(BankBook.key(number)) else { throw .unknownAccount }
        return try await openAccount(record)
    }

    /// - Throws: `.unknownLoad`, `.damaged`, `.store`, `.module`.
    func hold(_ transaction: TransactionIdentifier) async throws(BankFailure) -> Entry<LoadHold> {
        guard let record = try await read(RecordKey(BankRecords.hold, transaction.bytes)) else {
            throw .unknownLoad
        }
        return try await openHold(record)
    }

    /// - Throws: `.unknownInquiry`, `.damaged`, `.store`, `.module`.
    func inquiry(
        _ transaction: TransactionIdentifier
    ) async throws(BankFailure) -> Entry<InquiryRecord> {
        guard let record = try await read(RecordKey(BankRecords.inquiry, transaction.bytes))
        else { throw .unknownInquiry }
        return try await openInquiry(record)
    }

    private func read(_ key: RecordKey) async throws(BankFailure) -> Record? {
        do throws(StoreFailure) {
            return try await store.read(key)
        } catch { throw .store(error) }
    }

    func openAccount(_ record: Record) async throws(BankFailure) -> Entry<Account> {
        let body = try await open(record)
        guard let number = AccountNumber(String(decoding: record.key.bytes, as: UTF8.self)),
            let account = try? Account(body, number: number), !record.isOpen
        else { throw .damaged }
        return Entry(value: account, revision: record.revision)
    }

    func openHold(_ record: Record) async throws(BankFailure) -> Entry<LoadHold> {
        let body = try await open(record)
        guard let hold = try? LoadHold(body), hold.transaction.bytes == record.key.bytes,
            record.isOpen == hold.state.isOpen
        else { throw .damaged }
        return Entry(value: hold, revision: record.revision)
    }

    func openInquiry(_ record: Record) async throws(BankFailure) -> Entry<InquiryRecord> {
        let body = try await open(record)
        guard let inquiry = try? InquiryRecord(body),
            inquiry.inquiry.transaction.bytes == record.key.bytes
        else { throw .damaged }
        return Entry(value: inquiry, revision: record.revision)
    }

    func open(_ record: Record) async throws(BankFailure) -> [UInt8] {
        do throws(ModuleFailure) {
            return try await sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
    }

    // MARK: Writing

    /// Decides and makes the decision durable; where somebody else was faster, decides again.
    ///
    /// `decide`: reads what it needs; gives the answer, and the transition that must be durable
    ///     before it is given, empty where nothing changes.
    /// Throws what `decide` throws; `.busy` after ``BankLimits/attemptsMax`` conflicts.
    func change<Answer: Sendable>(
        _ decide: () async throws(BankFailure) -> (Answer, Transition)
    ) async throws(BankFailure) -> Answer {
        for _ in 0..<BankLimits.attemptsMax {
            let (answer, transition) = try await decide()
            if transition.writes.isEmpty { return answer }
            do throws(StoreFailure) {
                if try await store.commit(transition) == .committed { return answer }
            } catch { throw .store(error) }
        }
        throw .busy
    }

    /// Adds the next state of an account, with its row.
    func add(
        _ account: Account,
        over revision: UInt64,
        _ entry: AccountEntry,
        to transition: inout Transition
    ) async throws(BankFailure) {
        var account = account
        let stream = account.number.stream
        do throws(ModuleFailure) {
            let row = try await sealing.chain(
                entry.bytes,
                stream: stream,
                number: account.lastRow + 1,
                previous: account.lastHash
            )
            (account.lastRow, account.lastHash) = (row.number, row.hash)
            transition.history.append(row.row(of: stream))
            transition.writes.append(
                try await write(account.bytes, BankBook.key(account.number), over: revision)
            )
        } catch { throw .module(error) }
    }

    /// Adds the next state of a load, with its row.
    func add(
        _ hold: LoadHold,
        over revision: UInt64,
        _ entry: HoldEntry,
        to transition: inout Transition
    ) async throws(BankFailure) {
        var hold = hold
        let key = RecordKey(BankRecords.hold, hold.transaction.bytes)
        do throws(ModuleFailure) {
            let row = try await sealing.chain(
                entry.bytes,
                stream: key.bytes,
                number: hold.lastRow + 1,
                previous: hold.lastHash
            )
            (hold.lastRow, hold.lastHash) = (row.number, row.hash)
            transition.history.append(row.row(of: key.bytes))
            transition.writes.append(
                try await write(hold.bytes, key, over: revision, isOpen: hold.state.isOpen)
            )
        } catch { throw .module(error) }
    }

    /// Adds the next state of a question about a card.
    func add(
        _ inquiry: InquiryRecord,
        over revision: UInt64,
        to transition: inout Transition
    ) async throws(BankFailure) {
        let key = RecordKey(BankRecords.inquiry, inquiry.inquiry.transaction.bytes)
        do throws(ModuleFailure) {
            transition.writes.append(try await write(inquiry.bytes, key, over: revision))
        } catch { throw .module(error) }
    }

    private func write(
        _ bytes: [UInt8],
        _ key: RecordKey,
        over revision: UInt64,
        isOpen: Bool = false
    ) async throws(ModuleFailure) -> RecordWrite {
        let body = try await sealing.seal(
            bytes,
            name: key.sealName(isOpen: isOpen),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
    }

    static func key(_ number: AccountNumber) -> RecordKey {
        RecordKey(BankRecords.account, number.bytes)
    }
}

extension ChainedRow {
    fileprivate func row(of stream: [UInt8]) -> HistoryRow {
        HistoryRow(stream: stream, number: number, hash: hash, body: body)
    }
}
