// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Settlement
import Sites
import Wire

/// The clearing house's data, for the commands of its operator; beside the running server, too.
struct ClearingAccess {
    let house: ClearingHouse
    let files: SettlementFolder
    private let party: PartyAccess
    private let issuer: Issuer?

    /// The issuer of the same data folder, who proves sales for a command.
    private struct Issuer {
        let access: OperatorAccess
        let float: OPALServerFloat
    }

    /// Who a command says that it was.
    static let operatorName = "operator"

    init(_ options: DataOptions) async throws {
        party = try PartyAccess(options, .clearing, ClearingRecords.schema)
        var issuer: Issuer?
        if options.folder.exists(.opalServer) {
            let access = try await OperatorAccess(options)
            let float = try OPALServerFloat(
                options.folder,
                access.master,
                (access.store, access.seals),
                access.module,
                [Role.clearing.rawValue]
            )
            issuer = Issuer(access: access, float: float)
        }
        self.issuer = issuer
        let link = issuer.map { DirectLink(to: $0.float.proofs, as: Role.clearing.rawValue) }
        house = ClearingHouse(
            store: party.store,
            sealing: party.seals,
            batches: BatchKeys(
                try await ClearingParty.batchMasters(in: party.store, party.seals, party.master)
            ),
            issuers: { _ in link }
        )
        files = SettlementFolder(options.folder.settlementFiles, house)
    }

    /// All that the clearing house lists page by page.
    ///
    /// `page`: gives what is behind the last one of the page before.
    static func all<Value>(
        _ page: (_ last: Value?, _ limit: Int) async throws -> [Value]
    ) async throws -> [Value] {
        var all: [Value] = []
        while true {
            let next = try await page(all.last, pageMax)
            all += next
            if next.count < pageMax { return all }
        }
    }

    private static let pageMax = 500

    func close() async {
        await party.store.close()
        await issuer?.float.store.close()
        await issuer?.access.store.close()
    }

    /// Writes down in the console's journal what a command is about to do, in the name host; where
    /// there is no console in the folder, nothing.
    static func note(
        _ kind: OperatorJournal.Act.Kind,
        _ what: String,
        at now: Instant,
        _ options: DataOptions
    ) async throws {
        guard options.folder.exists(.console) else { return }
        try await OperatorCommand.step(options) { desk in
            try await desk.journal.writeOnClearing(
                OperatorJournal.Act(kind, at: now, byHost: what)
            )
        }
    }

    /// Does something at the clearing house of a data folder, and says in words why it was not
    /// done.
    static func use<Value>(
        _ options: DataOptions,
        _ body: (ClearingAccess) async throws -> Value
    ) async throws -> Value {
        let access = try await ClearingAccess(options)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(access))
        } catch let failure as ClearingFailure {
            result = .failure(CommandFailure(failure.words))
        } catch let failure as SettlementFailure {
            result = .failure(CommandFailure(failure.words))
        } catch {
            result = .failure(error)
        }
        await access.close()
        return try result.get()
    }
}
