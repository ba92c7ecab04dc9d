// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Records

/// The console's pages of the outbox.
struct ConsoleMails: Sendable {
    let site: ConsoleSite
    let side: ConsoleParts.CardSide

    init(_ site: ConsoleSite, _ side: ConsoleParts.CardSide) {
        self.site = site
        self.side = side
    }

    /// The mails that wait, newest first: the newest ``RecordLimits/pageMax``, because more than
    /// that mean that a mail server is missing, and not that they must be read here.
    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let all: [MailOutbox.Waiting]
        do throws(UserFailure) {
            all = try await side.outbox.newest(limit: RecordLimits.pageMax)
        } catch {
            throw .unavailable(error)
        }
        let skipped = visit.form["from"].flatMap { Int($0) } ?? 0
        let rest = all.dropFirst(max(skipped, 0))
        let shown = rest.prefix(ConsoleLimits.pageRows)
        var values: [String: Any] = [:]
        if !shown.isEmpty {
            values["mails"] = ["rows": shown.map { row($0, visit.reader) }]
            let end = skipped + shown.count
            var pager: [String: Any] = ["summary": "\(skipped + 1) to \(end) of \(all.count)"]
            if rest.count > shown.count { pager["next"] = "/outbox?from=\(end)" }
            if skipped > 0 {
                pager["previous"] = "/outbox?from=\(max(0, skipped - ConsoleLimits.pageRows))"
            }
            values["pager"] = pager
        }
        return site.response("console/outbox", values, visit, current: "/outbox")
    }

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        guard let key = Hex.bytes(visit.context.parameters.get("mail") ?? ""),
            UserRecordKinds.mail.keyBytes.contains(key.count)
        else { throw .notFound }
        let found: MailOutbox.Waiting?
        do throws(UserFailure) {
            found = try await side.outbox.waiting(after: before(key), limit: 1).first
        } catch {
            throw .unavailable(error)
        }
        guard let found, found.key == key else { throw .notFound }
        guard let message = found.message else { throw .broken(MailDamaged()) }
        return site.response(
            "console/mail",
            [
                "mail": [
                    "subject": message.subject, "from": side.mailFrom, "to": message.to,
                    "time": visit.reader.time(message.madeAt), "text": message.body,
                ] as [String: Any],
                "outboxHref": "/outbox",
            ],
            visit,
            current: "/outbox"
        )
    }

    private func row(_ mail: MailOutbox.Waiting, _ reader: Reader) -> [String: Any] {
        [
            "subject": mail.message?.subject ?? "(does not open)",
            "href": "/outbox/\(Hex.text(mail.key))", "to": mail.message?.to ?? "not read",
            "time": mail.message.map { reader.time($0.madeAt) }
                ?? Shape.time(ofKey: mail.key, reader),
        ]
    }

    /// The key right before this one; nil before the first.
    private func before(_ key: [UInt8]) -> [UInt8]? {
        guard let last = key.lastIndex(where: { $0 != 0 }) else { return nil }
        var previous = key
        previous[last] -= 1
        for index in previous.indices where index > last { previous[index] = 0xFF }
        return previous
    }

    /// A mail was changed by somebody else.
    struct MailDamaged: Error {}
}
