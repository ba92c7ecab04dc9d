// SPDX-License-Identifier: Apache-2.0

import EarnFiles
import Hummingbird
import Kernel
import LoyaltyServer
import Records
import Wire

/// The console's pages of earn files: the form that takes one, how far it has come, and which of
/// its lines were refused.
struct ConsoleEarnFiles: Sendable {
    let site: ConsoleSite
    let loyalty: ConsoleParts.Loyalty

    init(_ site: ConsoleSite, _ loyalty: ConsoleParts.Loyalty) {
        self.site = site
        self.loyalty = loyalty
    }

    static func path(_ name: EarnBatch.Name) -> String {
        "/programmes/\(name.programme.digits)/files/\(Hex.text(name.digest))"
    }

    static func badge(_ batch: EarnBatch, isUnderWay: Bool) -> [String: Any] {
        if batch.isWhole { return Shape.badge("Done", .good) }
        return isUnderWay ? Shape.badge("Under way", .wait) : Shape.badge("Stopped", .bad)
    }

    static func digest(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Hex.digit($0) }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    // MARK: Taking a file

    func ask(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        page(try await site.programme(visit, loyalty).programme, nil, visit)
    }

    private func page(
        _ programme: Programme,
        _ problem: String?,
        _ visit: ConsoleSite.Visit,
        status: HTTPResponse.Status = .unprocessableContent
    ) -> Response {
        let path = "/programmes/\(programme.code.digits)"
        var field: [String: Any] = [:]
        if let problem { field["error"] = problem }
        var values: [String: Any] = [
            "programme": ["name": programme.name, "href": path],
            "form": ["action": "\(path)/issue", "file": field] as [String: Any],
            "most": "\(ConsoleLimits.earnFileBytesMax >> 30) GiB",
        ]
        if let problem {
            values["problems"] =
                [
                    "title": "The file was not taken",
                    "items": [["field": "file", "text": problem]],
                ] as [String: Any]
        }
        return site.response(
            "console/issue",
            values,
            visit,
            current: "/programmes",
            status: problem == nil ? .ok : status
        )
    }

    /// Stores the file while it comes, begins it, and applies it in the background.
    func receive(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        guard loyalty.works.take() else {
            return page(
                programme,
                "Other earn files are under way. Wait until one of them is done.",
                visit,
                status: .serviceUnavailable
            )
        }
        // Given back by whoever has the file in the end.
        var isTaken = true
        defer { if isTaken { loyalty.works.give() } }
        guard let file = try await stored(visit) else {
            return page(programme, "Choose a file with at least a first line.", visit)
        }
        let batch: EarnBatch
        do throws(LoyaltyFailure) {
            // What is refused, or was whole before, is no act.
            let known = try await file.standing(in: programme.code, loyalty.module)
            if let known, known.isWhole {
                return SiteShell.seeOther("\(Self.path(known.name))?again=1")
            }
        } catch { return try refusal(error, programme, visit) }
        try await journal(file, programme.code, visit)
        do throws(LoyaltyFailure) {
            batch = try await file.begin(in: programme.code, loyalty.module, now: visit.now)
        } catch { return try refusal(error, programme, visit) }
        let path = Self.path(batch.name)
        if batch.isWhole { return SiteShell.seeOther(path) }
        isTaken = false
        loyalty.works.apply(file, batch, loyalty.module, now: site.now)
        return SiteShell.seeOther(path)
    }

    /// What is wrong with a file is told beside the form; everything else by its own page.
    private func refusal(
        _ failure: LoyaltyFailure,
        _ programme: Programme,
        _ visit: ConsoleSite.Visit
    ) throws(SiteFailure) -> Response {
        guard let words = failure.earnFileWords else { throw SiteFailure(failure) }
        return page(programme, words, visit)
    }

    /// Written down before the file is begun, or goes on.
    private func journal(
        _ file: EarnFile,
        _ programme: Currency,
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        let name: EarnBatch.Name
        do throws(LoyaltyFailure) {
            name = try file.batchName(in: programme)
        } catch { throw SiteFailure(error) }
        let issued = IssuedFile(name, fileName: file.name)
        try await site.write(.pointsIssued, on: programme, visit, about: issued.text)
    }

    /// - Returns: nil where no file was chosen, or an empty one.
    private func stored(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> EarnFile? {
        var reader: MultipartReader
        do throws(FormFailure) {
            reader = try MultipartReader(contentType: visit.request.headers[.contentType] ?? "")
        } catch { throw .badForm(error) }
        let bytesMax = ConsoleLimits.earnFileBytesMax + ConsoleLimits.uploadMarginBytes
        if let length = visit.request.headers[.contentLength].flatMap({ Int($0) }),
            length > bytesMax
        {
            throw .tooLarge
        }
        var upload = EarnUpload(
            in: loyalty.works.folder,
            as: "earn-file-\(Hex.text(site.random.bytes(16)))"
        ) { token throws(SiteFailure) in
            try site.check(token, of: visit.session)
        }
        var count = 0
        do {
            for try await part in visit.request.body {
                count += part.readableBytes
                guard count <= bytesMax else { throw SiteFailure.tooLarge }
                for event in try reader.add(Array(part.readableBytesView)) {
                    try upload.take(event)
                }
            }
        } catch let failure as SiteFailure {
            throw failure
        } catch let failure as FormFailure {
            throw .badForm(failure)
        } catch {
            throw .unavailable(error)
        }
        guard reader.isDone else { throw .badForm(.encoding) }
        return try upload.end()
    }

    // MARK: A file that was taken

    /// The file that the address names.
    private func name(
        _ programme: Programme,
        _ visit: ConsoleSite.Visit
    ) throws(SiteFailure) -> EarnBatch.Name {
        guard let digest = Self.digest(visit.context.parameters.get("digest") ?? ""),
            let name = EarnBatch.Name(programme: programme.code, digest: digest)
        else { throw .notFound }
        return name
    }

    private func batch(_ name: EarnBatch.Name) async throws(SiteFailure) -> EarnBatch {
        do throws(LoyaltyFailure) {
            return try await loyalty.module.batch(name)
        } catch .unknownBatch { throw .notFound } catch { throw SiteFailure(error) }
    }

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let name = try name(programme, visit)
        var batch = try await batch(name)
        let isUnderWay = loyalty.works.isUnderWay(batch, now: site.now())
        // What has ended meanwhile is whole, or has a reason.
        if !isUnderWay { batch = try await self.batch(name) }
        let path = "/programmes/\(programme.code.digits)"
        var values: [String: Any] = [
            "programme": ["name": programme.name, "href": path],
            "file": [
                "name": batch.fileName, "badge": Self.badge(batch, isUnderWay: isUnderWay),
            ] as [String: Any],
            "facts": facts(batch, programme, visit.reader),
        ]
        if !batch.isWhole {
            values["progress"] = [
                "done": "\(batch.position)", "all": "\(batch.lines)",
                "text": "\(visit.reader.count(batch.position)) of "
                    + "\(visit.reader.count(batch.lines)) lines",
            ]
            if isUnderWay {
                values["refreshSeconds"] = "\(ConsoleLimits.refreshSeconds)"
                values["underWay"] = ["href": Self.path(name)]
            } else {
                values["stopped"] = [
                    "text": words(loyalty.works.stop(of: name)), "href": "\(path)/issue",
                ]
            }
        }
        if batch.isWhole || !isUnderWay { try await addRefused(batch, visit, &values) }
        return site.response(
            "console/earn-file",
            values,
            visit,
            current: "/programmes",
            notice: visit.form["again"] != nil && batch.isWhole
                ? Page.Notice(.plain, "This file was applied before. Nothing was applied now.")
                : nil
        )
    }

    private func facts(
        _ batch: EarnBatch,
        _ programme: Programme,
        _ reader: Reader
    ) -> [[String: Any]] {
        [
            Shape.fact(
                "Points given",
                reader.amount(programme.points(batch.points), of: programme.name)
            ),
            Shape.fact("Lines", reader.count(batch.lines)),
            Shape.fact("Applied", reader.count(batch.accepted)),
            Shape.fact("Applied before", reader.count(batch.known)),
            Shape.fact("Refused", reader.count(batch.refused)),
            Shape.fact("Begun", reader.timeText(batch.begunAt)),
            Shape.fact("Last line applied", reader.timeText(batch.changedAt)),
            Shape.fact("SHA-256", Hex.text(batch.name.digest), isCode: true),
        ]
    }

    private func words(_ stop: EarnFileWorks.Stop?) -> String {
        switch stop {
        case .failed(.busy): "Others changed the same members all the time."
        case .failed(let failure) where failure.isTransient:
            "The loyalty server's store did not answer."
        case .failed: "A record of the loyalty server does not open; the audit names it."
        case .unreadable: "The file could not be read again."
        case .ended, nil: "The server was stopped, or the file was begun elsewhere."
        }
    }

    private func addRefused(
        _ batch: EarnBatch,
        _ visit: ConsoleSite.Visit,
        _ values: inout [String: Any]
    ) async throws(SiteFailure) {
        let after = visit.form["after"].flatMap { UInt32($0) } ?? 0
        let limit = ConsoleLimits.pageRows
        let lines = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.module.refusedLines(of: batch.name, after: after, limit: limit + 1)
        }
        let shown = lines.prefix(limit)
        guard let first = shown.first, let last = shown.last else { return }
        values["refused"] = [
            "rows": shown.map {
                ["number": "\($0.number)", "reason": $0.reason.text, "text": $0.maskedText]
            },
            "csvHref": "\(Self.path(batch.name))/refused.csv",
        ]
        let kept = min(batch.refused, LoyaltyLimits.refusedLinesMax)
        var pager: [String: Any] = [
            "summary": kept < batch.refused
                ? "Lines \(first.number) to \(last.number); the first \(kept) of \(batch.refused) "
                    + "refused lines are kept"
                : "Lines \(first.number) to \(last.number), \(batch.refused) refused in all"
        ]
        if lines.count > limit { pager["next"] = "\(Self.path(batch.name))?after=\(last.number)" }
        if after > 0 { pager["first"] = Self.path(batch.name) }
        values["refusedPager"] = pager
    }

    /// All refused lines that are kept, with the same text as on the page.
    func refusedFile(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let name = try name(programme, visit)
        _ = try await batch(name)
        var text = "line,reason,text\r\n"
        var last: UInt32 = 0
        while true {
            let lines = try await loyaltyStep { [last] () async throws(LoyaltyFailure) in
                try await loyalty.module.refusedLines(
                    of: name,
                    after: last,
                    limit: RecordLimits.pageMax
                )
            }
            guard let end = lines.last else { break }
            for line in lines {
                text += CSVLine.text([
                    "\(line.number)", line.reason.text, CSVLine.guarded(line.maskedText),
                ])
            }
            last = end.number
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(string: text))
        return .attachment("refused.csv", type: Response.csv, body)
    }
}
