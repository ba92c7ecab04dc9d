// SPDX-License-Identifier: Apache-2.0

import PCSCReader
import Wire

/// Which PC/SC reader is meant.
enum ReaderChoice {
    /// The reader of this name; without one, the only one with a card of the profile.
    ///
    /// - Throws: `CommandFailure` that names the readers, `ChannelFailure` where PC/SC fails.
    static func name(_ given: String?) async throws -> String {
        let all = try await ReaderList.all()
        let names = all.map(\.name).joined(separator: ", ")
        if let given {
            if all.contains(where: { $0.name == given }) { return given }
            throw CommandFailure(
                all.isEmpty
                    ? "There is no such reader, and no other one."
                    : "There is no such reader. Readers: \(names)."
            )
        }
        let fitting = all.filter { $0.answerToReset == AnswerToReset.opal }
        guard let first = fitting.first else {
            throw CommandFailure(
                all.isEmpty
                    ? "There is no reader."
                    : "There is no card of the profile in a reader. Readers: \(names)."
            )
        }
        guard fitting.count == 1 else {
            let several = fitting.map(\.name).joined(separator: ", ")
            throw CommandFailure("Choose one by --reader: \(several).")
        }
        return first.name
    }
}
