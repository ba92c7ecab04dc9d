// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
package import SettlementFiles

/// Why files of settlement are not made, or a statement is not taken.
package enum SettlementFailure: Error, Equatable, Sendable {
    /// The day was not settled yet, or its run has not ended.
    case notSettled
    case clearing(ClearingFailure)
    case file(SettlementFileFailure)
    case statement(BankStatementFailure)
    /// A statement in the file is of another account than the clearing house's; its number.
    case otherAccount(String)
    /// The file has several statements: give each by itself.
    case severalStatements

    /// Does a step of the clearing house.
    static func books<Value>(
        _ step: () async throws(ClearingFailure) -> Value
    ) async throws(SettlementFailure) -> Value {
        do throws(ClearingFailure) { return try await step() } catch { throw .clearing(error) }
    }

    /// Does a step of a file.
    static func writing<Value>(
        _ step: () throws(SettlementFileFailure) -> Value
    ) throws(SettlementFailure) -> Value {
        do throws(SettlementFileFailure) { return try step() } catch { throw .file(error) }
    }
}
