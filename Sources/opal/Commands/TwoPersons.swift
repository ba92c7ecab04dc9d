// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import Keys
import Sites

/// The two operators of the console in whose names keys are changed.
struct TwoPersons: ParsableArguments {
    @Option(name: .customLong("operator"), help: "Who does it: an operator of the console.")
    var first: String
    @Option(name: .long, help: "Who agrees: another one.")
    var second: String
    @Option(name: .customLong("operator-password-file"), help: "A file with the first's password.")
    var firstPasswordFile: String
    @Option(name: .long, help: "A file with the second's password.")
    var secondPasswordFile: String

    /// Checks both, and writes their agreement into the console's journal before anything is done.
    ///
    /// - Throws: `CommandFailure` in words where one of them stands against it.
    func agree(
        on change: KeyChange,
        ofKeysOf owner: KeyOwner,
        _ options: DataOptions
    ) async throws {
        let agreement = try await OperatorCommand.step(options) { desk in
            try await desk.agree(
                on: change,
                ofKeysOf: owner,
                by: OperatorDesk.Credentials(
                    name: first,
                    password: try DataFolder.read(secret: firstPasswordFile)
                ),
                and: OperatorDesk.Credentials(
                    name: second,
                    password: try DataFolder.read(secret: secondPasswordFile)
                ),
                at: SystemClock.now()
            )
        }
        switch agreement {
        case .agreed: return
        case .samePerson:
            throw CommandFailure("Keys are changed by two persons. Nothing was changed.")
        case .notBelieved(let name):
            throw CommandFailure(
                "\(name): no such operator, or a wrong password. Nothing was changed."
            )
        case .throttled(let name):
            throw CommandFailure("\(name): too many wrong passwords. Try later.")
        case .mayNot(let name):
            throw CommandFailure("\(name) may not change these keys. Nothing was changed.")
        }
    }
}
