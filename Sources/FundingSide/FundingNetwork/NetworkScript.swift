// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Wire

/// How the simulated network behaves, as data: rules, of which the first that fits is followed.
///
/// As text, one rule a line; `#` begins a comment:
///
///     account 0051 decline 51          # accounts whose number ends in 0051
///     message 0420 first 2 cut         # the first two reversals
///     from 60 to 120 silent            # the second minute after the start
///     account 9003 message 0100 slow
package struct NetworkScript: Sendable {
    package struct Rule: Equatable, Sendable {
        /// The last digits of the account's number; nil for every account.
        package var accountEnding: String?
        /// Of the question, not marked as a repeat; nil for every message.
        package var message: ISOMessageType?
        /// Seconds since the network began; nil for ever.
        package var seconds: Range<Int64>?
        /// So many messages; nil for all.
        package var first: Int?
        package var behaviour: NetworkBehaviour

        package init(_ behaviour: NetworkBehaviour) {
            self.behaviour = behaviour
        }

        func fits(
            _ type: ISOMessageType,
            _ account: String?,
            at time: Duration
        ) -> Bool {
            if let message, message != type.original { return false }
            if let accountEnding, account?.hasSuffix(accountEnding) != true { return false }
            return seconds?.contains(time.components.seconds) ?? true
        }
    }

    package let rules: [Rule]

    package init(_ rules: [Rule]) {
        precondition(rules.count <= NetworkLimits.rulesMax)
        self.rules = rules
    }

    /// What the demonstration does, by the last digits of the account's number.
    package static let standard = NetworkScript(
        [
            ("0002", .decline(.declined)), ("0014", .decline(.unknownAccount)),
            ("0051", .decline(.insufficientFunds)), ("0054", .decline(.accountExpired)),
            ("0091", .decline(.unavailable)), ("9001", .addressMismatch),
            ("9002", .codeMismatch), ("9003", .slow), ("9004", .silent), ("9005", .late),
            ("9006", .cut),
        ].map { ending, behaviour in
            var rule = Rule(behaviour)
            rule.accountEnding = ending
            // Else its reversals, too, would be silent, and open for ever.
            rule.message = .authorizationRequest
            return rule
        }
    )

    /// The same as ``standard``, as text for a person to begin with.
    package static let standardText = """
        # How the simulated funding network behaves: one rule a line, the first that fits.
        # Conditions: account (last digits), message (type), from and to (seconds since the
        # start), first (so many messages). Behaviours: approve, decline and a code,
        # address-mismatch, code-mismatch, slow, silent, late, cut.

        account 0002 message 0100 decline 05         # declined
        account 0014 message 0100 decline 14         # unknown account
        account 0051 message 0100 decline 51         # insufficient funds
        account 0054 message 0100 decline 54         # expired
        account 0091 message 0100 decline 91         # the account's issuer does not answer
        account 9001 message 0100 address-mismatch
        account 9002 message 0100 code-mismatch      # another CVV2
        account 9003 message 0100 slow
        account 9004 message 0100 silent
        account 9005 message 0100 late
        account 9006 message 0100 cut

        """

    /// Reads a script.
    ///
    /// - Throws: the number of the line that is none.
    package init(_ text: String) throws(NetworkScriptFailure) {
        guard text.utf8.count <= NetworkLimits.scriptBytesMax else {
            throw NetworkScriptFailure(line: 0)
        }
        var rules: [Rule] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "\r\n" }
            if words.isEmpty { continue }
            guard let rule = NetworkScript.rule(words.map(String.init)),
                rules.count < NetworkLimits.rulesMax
            else { throw NetworkScriptFailure(line: number + 1) }
            rules.append(rule)
        }
        self.rules = rules
    }

    private static func rule(_ words: [String]) -> Rule? {
        var rule = Rule(.approve)
        var (from, to): (Int64?, Int64?) = (nil, nil)
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "account":
                guard let digits = rest.popFirst(), (1...19).contains(digits.utf8.count),
                    digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                else { return nil }
                rule.accountEnding = digits
            case "message":
                guard let digits = rest.popFirst(), let bcd = BCD.parse(digits, count: 4),
                    let type = ISOMessageType(bcd: UInt16(bcd)), type.isQuestion, !type.isRepeat
                else { return nil }
                rule.message = type
            case "from":
                guard let seconds = seconds(rest.popFirst()) else { return nil }
                from = seconds
            case "to":
                guard let seconds = seconds(rest.popFirst()) else { return nil }
                to = seconds
            case "first":
                guard let count = seconds(rest.popFirst()) else { return nil }
                rule.first = Int(count)
            default:
                guard let behaviour = behaviour(word, &rest), rest.isEmpty else { return nil }
                rule.behaviour = behaviour
                guard from != nil || to != nil else { return rule }
                guard from ?? 0 <= to ?? .max else { return nil }
                rule.seconds = (from ?? 0)..<(to ?? .max)
                return rule
            }
        }
        return nil
    }

    /// A number of at most six digits.
    private static func seconds(_ word: String?) -> Int64? {
        guard let word, (1...6).contains(word.utf8.count),
            word.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int64(word)
    }

    private static func behaviour(
        _ word: String,
        _ rest: inout ArraySlice<String>
    ) -> NetworkBehaviour? {
        switch word {
        case "approve": .approve
        case "decline": rest.popFirst().flatMap { NetworkResponse($0) }.map { .decline($0) }
        case "address-mismatch": .addressMismatch
        case "code-mismatch": .codeMismatch
        case "slow": .slow
        case "silent": .silent
        case "late": .late
        case "cut": .cut
        default: nil
        }
    }
}

/// A line of a script that is no rule, from 1; 0 for a script that is too long.
package struct NetworkScriptFailure: Error, Equatable, Sendable {
    package let line: Int
}
