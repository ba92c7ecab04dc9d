// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Synchronization
import Wire

// Store and forward: advices and reversals until they are acknowledged.
extension FundingGateway {
    /// How a round ended.
    package struct ForwardReport: Equatable, Sendable {
        /// Advices and reversals that the network has acknowledged.
        package var acknowledged = 0
        /// Those that it refused; they are sent again.
        package var refused = 0
        /// Those without an answer.
        package var unanswered = 0
        /// Authorisations whose answer a restart lost: they are reversed now.
        package var givenUp = 0
        /// Those that are approved, and wait to hear whether the card was credited.
        package var approved = 0
        /// Records that do not open; nothing can be sent for them.
        package var damaged = 0
    }

    /// Sends every open advice and reversal, and gives up requests whose answer was lost. To be
    /// called at start-up and then every few seconds.
    ///
    /// A network that does not answer is left alone until the next round, which begins behind the
    /// last one that was tried, so that nothing is kept back by what never gets an answer.
    @discardableResult
    package func forwardOpen() async -> ForwardReport {
        var report = ForwardReport()
        var waiting = await collectOpen(&report)[...]
        return await withTaskGroup(of: Forwarded.self) { group in
            var silences = 0
            func begin() -> AuthorizationName? {
                guard silences < GatewayLimits.silencesMax, let next = waiting.popFirst() else {
                    return nil
                }
                memory.withLock { $0.lastForwarded = next.bytes }
                return next
            }
            for _ in 0..<GatewayLimits.forwardedAtOnce {
                guard let next = begin() else { break }
                group.addTask { await self.sent(next) }
            }
            for await forwarded in group {
                switch forwarded {
                case .acknowledged: report.acknowledged += 1
                case .refused: report.refused += 1
                case .unanswered:
                    report.unanswered += 1
                    silences += 1
                case .failed: break
                }
                guard let next = begin() else { continue }
                group.addTask { await self.sent(next) }
            }
            return report
        }
    }

    /// Sends the advice or the reversal of one authorisation once.
    ///
    /// - Returns: whether nothing of it is open any more.
    @discardableResult
    package func forward(
        _ name: AuthorizationName
    ) async throws(GatewayFailure) -> Bool {
        let record = try await book.read(name).record
        guard record.state.isForwarded else { return !record.state.isOpen }
        return try await send(record) == .acknowledged
    }

    /// What came of sending one.
    enum Forwarded: Sendable {
        case acknowledged
        case refused
        case unanswered
        /// It is under way already, or the store, say, did not work; the next round tries again.
        case failed
    }

    private func sent(_ name: AuthorizationName) async -> Forwarded {
        guard let record = try? await book.read(name).record, record.state.isForwarded
        else { return .failed }
        do throws(GatewayFailure) {
            return try await send(record)
        } catch .networkSilent, .answerUnreadable {
            return .unanswered
        } catch {
            return .failed
        }
    }

    private func send(_ record: AuthorizationRecord) async throws(GatewayFailure) -> Forwarded {
        #if PLANTED_BUGS
            var record = record
            if PlantedBug.isPlanted(.adviceRenumbered) {
                record.forwarded?[text: .traceNumber] = try await traces.next().number
            }
        #endif
        guard var message = record.forwarded, let exchange = ISOExchange(message) else {
            throw .damaged
        }
        let name = record.name
        // A reversal does not overtake its request: the network might know nothing to reverse.
        if isAsking(name) { return .failed }
        guard memory.withLock({ $0.sending.insert(name).inserted }) else { return .failed }
        defer { memory.withLock { _ = $0.sending.remove(name) } }
        let isFirst = memory.withLock { memory in
            memory.forwarded[exchange] = name
            return memory.unsent.remove(name) != nil
        }
        if !isFirst, profile.dialect.marksRepeats {
            message.type = message.type.marked ?? message.type
        }
        let bytes = try encoded(message)
        let answer: [UInt8]
        do throws(LinkFailure) {
            answer = try await link.request(bytes, exchange)
        } catch {
            if isFirst, error.hasNotLeft {
                memory.withLock { _ = $0.unsent.insert(name) }
            }
            throw .networkSilent(error)
        }
        guard let decoded = try? profile.dialect.decode(answer), ISOExchange(decoded) == exchange
        else { throw .answerUnreadable }
        return try await acknowledge(name, decoded)
    }

    /// Acts on 0230 or 0430, whenever it comes.
    func acknowledge(
        _ name: AuthorizationName,
        _ answer: ISOMessage
    ) async throws(GatewayFailure) -> Forwarded {
        guard let response = answer[text: .responseCode].flatMap({ NetworkResponse($0) }) else {
            throw .answerUnreadable
        }
        let isTaken = FundingGateway.acknowledges(response, answer.type)
        if response == .notPermitted { noteSignedOff() }
        let moment = now()
        let record = try await book.change(name) { record throws(GatewayFailure) in
            // It must answer what is sent now.
            guard let message = record.forwarded, ISOExchange(message) == ISOExchange(answer)
            else { return nil }
            let data = Array(response.code.utf8)
            if isTaken, let next = record.next(after: .acknowledged) {
                record.state = next
                record.refusedWith = nil
                return AuthorizationStep(FundingGateway.step(into: next), at: moment, data)
            }
            // Told once, so that a refusal every few seconds does not fill the history.
            if isTaken || !record.state.isOpen || record.refusedWith == response { return nil }
            record.refusedWith = response
            return AuthorizationStep(.refused, at: moment, data)
        }
        if record.state.isOpen { return .refused }
        memory.withLock { memory in
            if let exchange = ISOExchange(answer) { memory.forwarded[exchange] = nil }
            memory.unsent.remove(name)
        }
        return .acknowledged
    }

    private static func step(into state: FundsAuthorizationState) -> AuthorizationStep.Kind {
        switch state {
        case .completed: .completed
        case .cancelled: .cancelled
        default: .reversed
        }
    }

    /// Whether a response says that nothing is left to be done: taken, taken before, or, for a
    /// reversal, that there is nothing to reverse.
    private static func acknowledges(
        _ response: NetworkResponse,
        _ type: ISOMessageType
    ) -> Bool {
        switch response {
        case .approved, .duplicate: true
        case .nothingDone, .originalUnknown: type == .reversalAnswer
        default: false
        }
    }

    // MARK: What is open

    /// Everything that is to be sent, in the order of the keys, beginning behind the last one that
    /// was tried. What has been asked for too long becomes a reversal.
    private func collectOpen(_ report: inout ForwardReport) async -> [AuthorizationName] {
        var (found, seen): ([AuthorizationName], Set<AuthorizationName>) = ([], [])
        var cursor: [UInt8]?
        while true {
            guard
                let page = try? await book.store.listOpen(
                    AuthorizationRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { break }
            for stored in page {
                guard let record = try? await book.open(stored).record else {
                    report.damaged += 1
                    continue
                }
                seen.insert(record.name)
                switch record.state {
                case .completing, .reversing, .cancelling: found.append(record.name)
                case .approved: report.approved += 1
                case .asked where isLost(record):
                    guard (try? await settle(record.name, .unanswered)) != nil else {
                        continue
                    }
                    report.givenUp += 1
                    found.append(record.name)
                case .asked, .declined, .verified, .completed, .reversed, .cancelled: break
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            cursor = last.key.bytes
        }
        let last = memory.withLock { memory in
            memory.waits.keep(only: seen)
            return memory.lastForwarded
        }
        let first = found.firstIndex { last.lexicographicallyPrecedes($0.bytes) } ?? 0
        return Array(found[first...] + found[..<first])
    }

    /// Whether the answer to a request can come no more.
    private func isLost(_ record: AuthorizationRecord) -> Bool {
        guard let terms = record.terms else { return false }
        let (now, uptime) = (now(), uptime())
        return memory.withLock { memory in
            let age = memory.waits.age(
                of: record.name,
                begunAt: terms.askedAt,
                now: now,
                uptime: uptime
            )
            return age > GatewayLimits.askedTime && memory.asking[record.name] == nil
        }
    }
}
