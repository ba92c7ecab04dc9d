// SPDX-License-Identifier: Apache-2.0

/// Element 39: how the network answers, two letters or digits.
package struct NetworkResponse: Hashable, Sendable {
    package let code: String

    /// - Returns: nil unless there are two capitals or digits.
    package init?(_ code: String) {
        guard code.utf8.count == 2,
            code.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        else { return nil }
        self.code = code
    }

    private init(known code: String) {
        self.code = code
    }

    package static let approved = NetworkResponse(known: "00")
    package static let declined = NetworkResponse(known: "05")
    package static let invalidTransaction = NetworkResponse(known: "12")
    package static let invalidAmount = NetworkResponse(known: "13")
    package static let unknownAccount = NetworkResponse(known: "14")
    /// In a reversal: the person, or the acceptor, does not want the transaction any more.
    package static let cancelled = NetworkResponse(known: "17")
    /// There was nothing that could be done: the transaction had been reversed before.
    package static let nothingDone = NetworkResponse(known: "21")
    /// The network has no record of the original.
    package static let originalUnknown = NetworkResponse(known: "25")
    package static let malformed = NetworkResponse(known: "30")
    package static let insufficientFunds = NetworkResponse(known: "51")
    package static let accountExpired = NetworkResponse(known: "54")
    /// Also: the acquirer has not signed on.
    package static let notPermitted = NetworkResponse(known: "58")
    /// In a reversal: no answer came in time.
    package static let tooLate = NetworkResponse(known: "68")
    /// To the question whether an account is good: it is.
    package static let noReasonToDecline = NetworkResponse(known: "85")
    package static let unavailable = NetworkResponse(known: "91")
    package static let duplicate = NetworkResponse(known: "94")
    package static let malfunction = NetworkResponse(known: "96")
    package static let keyCheckFailed = NetworkResponse(known: "97")
    package static let verificationCodeWrong = NetworkResponse(known: "N7")

    /// Whether the same question may be answered otherwise later, without anybody's help.
    package var isTransient: Bool {
        [.notPermitted, .tooLate, .unavailable, .malfunction].contains(self)
    }

    /// Whether funds are held after this answer to an authorisation: approved, or approved in
    /// another way than it was asked for (with identification, in part, for a person of note, with
    /// a new track 3).
    package var holdsFunds: Bool { ["00", "08", "10", "11", "16"].contains(code) }
}

extension NetworkResponse: CustomStringConvertible {
    package var description: String { code }
}
