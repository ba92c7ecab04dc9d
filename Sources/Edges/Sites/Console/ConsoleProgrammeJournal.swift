// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Wire

/// The console's page of what operators did with a loyalty programme, its members and its benefits.
struct ConsoleProgrammeJournal: Sendable {
    let site: ConsoleSite
    let loyalty: ConsoleParts.Loyalty

    init(_ site: ConsoleSite, _ loyalty: ConsoleParts.Loyalty) {
        self.site = site
        self.loyalty = loyalty
    }

    /// Newest first; `before` is the number of the last act of the page before.
    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let path = "/programmes/\(programme.code.digits)"
        let limit = ConsoleLimits.pageRows
        let (acts, count): ([(number: UInt64, act: OperatorJournal.Act)], UInt64)
        do throws(OperatorFailure) {
            (acts, count) = try await site.operators.journal.page(
                onProgramme: programme.code,
                before: visit.form["before"].flatMap { DecimalText.integer($0) },
                limit: limit
            )
        } catch {
            throw .unavailable(error)
        }
        var values: [String: Any] = ["programme": ["name": programme.name, "href": path]]
        if let newest = acts.first?.number, let oldest = acts.last?.number {
            values["acts"] = ["rows": acts.map { row($0.act, programme, visit.reader) }]
            var pager: [String: Any] = ["summary": "Acts \(oldest) to \(newest) of \(count)"]
            if oldest > 1 { pager["next"] = "\(path)/journal?before=\(oldest)" }
            if newest < count {
                let end = min(newest + UInt64(limit), count)
                pager["previous"] = "\(path)/journal?before=\(end + 1)"
            }
            values["pager"] = pager
        }
        return site.response("console/journal", values, visit, current: "/programmes")
    }

    private func row(
        _ act: OperatorJournal.Act,
        _ programme: Programme,
        _ reader: Reader
    ) -> [String: Any] {
        var row: [String: Any] = [
            "time": reader.time(act.moment), "operator": act.operatorName,
            "what": act.kind.words,
        ]
        let about = act.reason
        switch act.kind {
        case .pointsIssued:
            guard let file = IssuedFile(about, in: programme.code) else { break }
            row["about"] = file.label
            row["href"] = ConsoleEarnFiles.path(file.name)
        case .memberShown: row["about"] = MemberNumber(about)?.masked ?? "not read"
        case .benefitPut, .benefitRestocked, .benefitWithdrawn, .benefitOffered:
            row["about"] = about
            row["href"] = "/benefits/\(about)"
        default: if !about.isEmpty { row["about"] = about }
        }
        return row
    }
}

/// What is written down of an earn file: its digest, and its name where that is a text.
struct IssuedFile {
    let name: EarnBatch.Name
    let fileName: String

    init(_ name: EarnBatch.Name, fileName: String) {
        self.name = name
        self.fileName = fileName
    }

    /// - Returns: nil where the text begins with no digest.
    init?(_ text: String, in programme: Currency) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let digest = parts.first.flatMap({ ConsoleEarnFiles.digest(String($0)) }),
            let name = EarnBatch.Name(programme: programme, digest: digest)
        else { return nil }
        self.init(name, fileName: parts.count > 1 ? String(parts[1]) : "")
    }

    var text: String {
        let digest = Hex.text(name.digest)
        guard !fileName.isEmpty, ByteReader.isText(fileName),
            fileName.utf8.count <= LoyaltyLimits.fileNameBytesMax
        else { return digest }
        return "\(digest) \(fileName)"
    }

    /// What an operator calls it.
    var label: String {
        fileName.isEmpty ? String(Hex.text(name.digest).prefix(16)) + "…" : fileName
    }
}

extension OperatorJournal.Act.Kind {
    /// What was done with a programme.
    fileprivate var words: String {
        switch self {
        case .programmeCreated: "Created the programme"
        case .pointsIssued: "Issued points"
        case .memberShown: "Looked up a member"
        case .benefitPut: "Put in or changed a benefit"
        case .benefitRestocked: "Set the stock of a benefit"
        case .benefitWithdrawn: "Withdrew a benefit"
        case .benefitOffered: "Offered a benefit again"
        case .blocked, .unblocked, .numberShown, .drawAsked, .orderAsked, .loadAsked, .holdAsked,
            .limitsProposed, .limitsAgreed, .limitsDeclined, .operatorAdded, .operatorRemoved,
            .saleReleased, .saleRejected, .dayClosed, .payoutGivenBack, .disputeRefunded,
            .disputeRejected, .disputeAnswered, .keyVersionMade, .keyVersionUsed,
            .keyVersionRetired, .batchKeyMade, .batchKeyRetired, .batchKeyAccepted, .feeChanged,
            .termsChanged, .valueSwept, .sweepReturned, .dormancyRuleChanged:
            "Something else"
        }
    }
}
