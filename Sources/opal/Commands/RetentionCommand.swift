// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClearingHouse
import Gateway
import Kernel
import OPALServer
import Records
import RecordsSQLite

struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Show what is kept about persons, by which rule, and what is over.",
        discussion: """
            Mails and the numbers of funding accounts are kept for as long as the settings \
            `retention.mailDays` and `retention.accountDays` say; servers apply them every hour, \
            this command at once with --apply, also beside them. What proves what happened to \
            money is never removed: see docs/handbook/retention.md.
            """
    )

    @Option(name: .long, help: "The configuration file, for the rules.")
    var config: String?
    @Flag(name: .long, help: "Remove what is over.")
    var apply = false
    @OptionGroup var json: JSONOption
    @OptionGroup var options: DataOptions

    /// A kind of data, and the rule for it.
    private struct Line: Encodable {
        let data: String
        let days: Int
        let kept: Int
        let oldest: String?
        let over: Int
        let removed: Int?

        init(_ data: String, _ days: Int, _ kept: KeptRecords, _ removed: Int?) {
            self.data = data
            self.days = days
            self.kept = kept.count
            // The day, UTC.
            oldest = kept.oldest.map { BusinessDay(CivilDate(day: $0.day)).text }
            over = kept.due
            self.removed = removed
        }
    }

    func run() async throws {
        let rules = try await ServerSettings.read(file: config).retention
        let now = SystemClock.now()
        var lines: [Line] = []
        if options.folder.hasDatabase(.opalServer) { lines.append(try await mails(rules, now)) }
        if options.folder.hasDatabase(.gateway) { lines.append(try await accounts(rules, now)) }
        guard !lines.isEmpty else {
            throw CommandFailure("\(options.folder.path) holds neither OPAL server nor gateway.")
        }
        if json.json { return try Output.json(lines) }
        Output.table(
            ["data", "kept for", "entries", "oldest", apply ? "removed" : "over"],
            lines.map { line in
                [
                    line.data, "\(line.days) days", "\(line.kept)", line.oldest ?? "–",
                    "\(line.removed ?? line.over)",
                ]
            }
        )
        let over = lines.reduce(0) { $0 + $1.over }
        if !apply, over > 0 { print("With --apply it is removed now; servers do so every hour.") }
    }

    private func mails(_ rules: RetentionSettings, _ now: Instant) async throws -> Line {
        let access = try PartyAccess(options, .opalServer, OPALServerRecords.schema)
        let limit = rules.mailLimit(at: now)
        let outbox = MailOutbox(store: access.store, sealing: access.seals)
        let kept = try await outbox.kept(madeBefore: limit)
        let removed = apply ? try await outbox.remove(madeBefore: limit) : nil
        await access.store.close()
        return Line("mails in the outbox", rules.mailDays, kept, removed)
    }

    private func accounts(_ rules: RetentionSettings, _ now: Instant) async throws -> Line {
        let access = try PartyAccess(options, .gateway, GatewayRecords.schema)
        let limit = rules.accountLimit(at: now)
        let retention = AccountRetention(store: access.store, seals: access.seals)
        let kept = try await retention.kept(askedBefore: limit)
        let removed = apply ? try await retention.forget(askedBefore: limit) : nil
        await access.store.close()
        return Line("account numbers of authorisations", rules.accountDays, kept, removed)
    }
}
