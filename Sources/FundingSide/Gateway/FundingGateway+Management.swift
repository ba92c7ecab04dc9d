// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

// Sign-on, sign-off, echo and key check, and what comes without having been asked for.
extension FundingGateway {
    /// Whether the network takes this gateway's messages, as far as is known.
    package var isSignedOn: Bool { memory.withLock(\.isSignedOn) }

    /// 0800 with 001.
    package func signOn() async throws(GatewayFailure) {
        _ = try await manage(.signOn)
        memory.withLock { $0.isSignedOn = true }
    }

    /// 0800 with 002. Afterwards the network refuses all but a sign-on.
    package func signOff() async throws(GatewayFailure) {
        _ = try await manage(.signOff)
        noteSignedOff()
    }

    /// The network takes no messages, until it is signed on to again.
    func noteSignedOff() {
        memory.withLock { $0.isSignedOn = false }
    }

    /// 0800 with 301: is the network there?
    package func echo() async throws(GatewayFailure) {
        _ = try await manage(.echo)
    }

    /// 0800 with 161: both ends compare the check value of the key that they share.
    ///
    /// - Throws: `.keyCheckFailed` where the network has another key, or none.
    package func checkKey() async throws(GatewayFailure) {
        let answer: ISOMessage
        do throws(GatewayFailure) {
            answer = try await manage(.keyCheck)
        } catch .networkRefused(.keyCheckFailed) { throw .keyCheckFailed }
        guard answer[.privateData] == messages.keyCheck else { throw .keyCheckFailed }
    }

    /// Signs on where that is needed, and looks whether the network is there. To be called at
    /// start-up, when a connection was made anew, and then every half minute.
    ///
    /// - Returns: whether the network takes messages.
    @discardableResult
    package func keepSignedOn() async -> Bool {
        do throws(GatewayFailure) {
            if isSignedOn {
                try await echo()
            } else {
                try await signOn()
                if profile.keyCheckValue != nil { try await checkKey() }
            }
            return true
        } catch {
            noteSignedOff()
            return false
        }
    }

    /// Takes what nobody waits for: an acknowledgement that came too late counts, an authorisation
    /// that came too late changes nothing (it is being reversed), and a network that asks for an
    /// echo gets one.
    ///
    /// - Returns: the answer to the network's question; nil where nothing is to be sent.
    package func receive(_ bytes: [UInt8]) async -> [UInt8]? {
        guard let message = try? profile.dialect.decode(bytes) else { return nil }
        switch message.type {
        case .managementRequest: return answer(message)
        case .clearingAnswer, .reversalAnswer:
            guard let exchange = ISOExchange(message),
                let name = memory.withLock({ $0.forwarded[exchange] })
            else { return nil }
            _ = try? await acknowledge(name, message)
            return nil
        default: return nil
        }
    }

    private func answer(_ question: ISOMessage) -> [UInt8]? {
        var answer = question
        answer.type = .managementAnswer
        answer[.privateData] = nil
        let isEcho = question[text: .managementCode] == ManagementCode.echo.rawValue
        let response: NetworkResponse = isEcho ? .approved : .invalidTransaction
        answer[text: .responseCode] = response.code
        return try? profile.dialect.encode(answer)
    }

    private func manage(_ code: ManagementCode) async throws(GatewayFailure) -> ISOMessage {
        let message = messages.management(code, try await traces.next(), at: now())
        let bytes = try encoded(message)
        guard let exchange = ISOExchange(message) else { throw .answerUnreadable }
        let answer: [UInt8]
        do throws(LinkFailure) {
            answer = try await link.request(bytes, exchange)
        } catch { throw .networkSilent(error) }
        guard let decoded = try? profile.dialect.decode(answer), ISOExchange(decoded) == exchange,
            decoded[text: .managementCode] == code.rawValue,
            let response = decoded[text: .responseCode].flatMap({ NetworkResponse($0) })
        else { throw .answerUnreadable }
        guard response == .approved else { throw .networkRefused(response) }
        return decoded
    }
}
