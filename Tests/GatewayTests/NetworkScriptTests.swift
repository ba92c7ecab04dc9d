// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// How the simulated network is told what to do.
@Suite struct NetworkScriptTests {
    @Test func `a script is read rule by rule`() throws {
        let script = try NetworkScript(
            """
            # one rule a line
            account 0051 decline 51
            message 0420 first 2 cut   # the first two reversals

            from 60 to 120 silent
            account 9003 message 0100 slow
            to 5 late
            """
        )
        var rules = [
            NetworkScript.Rule(.decline(.insufficientFunds)), .init(.cut), .init(.silent),
            .init(.slow), .init(.late),
        ]
        rules[0].accountEnding = "0051"
        rules[1].message = .reversalAdvice
        rules[1].first = 2
        rules[2].seconds = 60..<120
        rules[3].accountEnding = "9003"
        rules[3].message = .authorizationRequest
        rules[4].seconds = 0..<5
        #expect(script.rules == rules)
        #expect(try NetworkScript("").rules.isEmpty)
        #expect(try NetworkScript("approve\r\n").rules == [.init(.approve)])
    }

    @Test(arguments: [
        "account", "account x silent", "account 0051", "message 0110 silent", "message 1 silent",
        "message 0421 silent", "from x silent", "from 9 to 3 silent", "first silent", "shout",
        "decline", "decline 5", "decline 51 slow", "silent slow", "first 1234567 cut",
    ])
    func `a line that is no rule is named`(line: String) {
        let failure = #expect(throws: NetworkScriptFailure.self) {
            try NetworkScript("approve\n\(line)")
        }
        #expect(failure?.line == 2)
    }

    @Test func `a script above the limits is refused`() {
        let long = String(repeating: "approve\n", count: NetworkLimits.rulesMax + 1)
        let tooMany = #expect(throws: NetworkScriptFailure.self) { try NetworkScript(long) }
        #expect(tooMany?.line == NetworkLimits.rulesMax + 1)
        let tooLong = #expect(throws: NetworkScriptFailure.self) {
            try NetworkScript(String(repeating: " ", count: NetworkLimits.scriptBytesMax + 1))
        }
        #expect(tooLong?.line == 0)
    }

    @Test func `rules follow account, message, time and count`() async throws {
        try await GatewayWorld.run { world in
            world.restartNetwork(
                script: try NetworkScript(
                    """
                    account 5555 message 0100 first 1 decline 05
                    account 5555 from 60 to 120 decline 51
                    """
                )
            )
            try await world.gateway.signOn()
            let account = try GatewayWorld.account(ending: "5555")
            func ask() async throws -> String? {
                let asked = try await world.gateway.authorize(
                    try world.request(1, account: account)
                )
                guard case .declined(let response) = asked.outcome else { return nil }
                return response.code
            }
            #expect(try await ask() == "05")
            #expect(try await ask() == nil)
            await world.pass(.seconds(60))
            #expect(try await ask() == "51")
            await world.pass(.seconds(60))
            #expect(try await ask() == nil)
        }
    }

    @Test func `the standard script as text says the same`() throws {
        #expect(try NetworkScript(NetworkScript.standardText).rules == NetworkScript.standard.rules)
    }
}
