// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Earn files: a million lines, each applied once.
extension LoyaltyModule {
    /// Begins an earn file, or finds how far it has come: the same file again goes on where it
    /// stopped, or is recognised as whole.
    ///
    /// - Parameters:
    ///   - name: programme and digest of the whole file.
    ///   - fileName: for people.
    ///   - header: the first line.
    ///   - lines: how many follow it.
    ///   - now: the time.
    /// - Returns: how far the file has come.
    /// - Throws: `.unknownProgramme`; `.headerUnreadable`, `.fileNameUnreadable`, `.tooManyLines`;
    ///   `.batchDiffers` where this file had another number of lines.
    package func begin(
        _ name: EarnBatch.Name,
        fileName: String,
        header: ArraySlice<UInt8>,
        lines: UInt64,
        now: Instant
    ) async throws(LoyaltyFailure) -> EarnBatch {
        try await book.change { () async throws(LoyaltyFailure) in
            _ = try await book.programme(name.programme)
            if let known = try await book.find(EarnBatch.self, name.bytes)?.value {
                guard known.lines == lines else { throw .batchDiffers }
                return (known, Transition(writes: []))
            }
            let hasNote = try LoyaltyModule.check(fileName: fileName, header: header, lines: lines)
            let batch = EarnBatch(
                name,
                fileName: fileName,
                hasNote: hasNote,
                lines: lines,
                begunAt: now
            )
            var transition = Transition(writes: [])
            try await book.put(batch, over: 0, to: &transition)
            return (batch, transition)
        }
    }

    /// What a file must be to begin.
    ///
    /// - Returns: whether its lines may have a note.
    /// - Throws: `.headerUnreadable`, `.fileNameUnreadable`, `.tooManyLines`.
    @discardableResult
    package static func check(
        fileName: String,
        header: ArraySlice<UInt8>,
        lines: UInt64
    ) throws(LoyaltyFailure) -> Bool {
        guard let hasNote = EarnLine.header(header) else { throw .headerUnreadable }
        guard (1...LoyaltyLimits.fileNameBytesMax).contains(fileName.utf8.count),
            ByteReader.isText(fileName)
        else { throw .fileNameUnreadable }
        guard lines <= LoyaltyLimits.fileLinesMax else { throw .tooManyLines }
        return hasNote
    }

    /// Applies lines of an earn file. Points, members, their history and the position in the file
    /// become durable together, ``LoyaltyLimits/chunkMax`` lines at a time: after a crash the file
    /// goes on at its position. Lines that are behind it already are passed over.
    ///
    /// - Parameters:
    ///   - lines: without line feeds.
    ///   - name: of the file, which has begun.
    ///   - position: how many lines of the file are before these.
    ///   - now: the time.
    /// - Returns: how far the file has come.
    /// - Throws: `.unknownProgramme`, `.unknownBatch`; `.positionDiffers` where lines are missing
    ///   before these, `.tooManyLines` where there are more than the file has.
    package func apply(
        _ lines: [ArraySlice<UInt8>],
        of name: EarnBatch.Name,
        from position: UInt64,
        now: Instant
    ) async throws(LoyaltyFailure) -> EarnBatch {
        // Most references are new; where one is not, the transition conflicts and is decided again.
        var looksUp = false
        while true {
            let (batch, foundKnown) = try await applyChunk(lines, name, position, looksUp, now)
            looksUp = foundKnown
            if batch.position >= position + UInt64(lines.count) { return batch }
        }
    }

    private func applyChunk(
        _ lines: [ArraySlice<UInt8>],
        _ name: EarnBatch.Name,
        _ position: UInt64,
        _ looksUp: Bool,
        _ now: Instant
    ) async throws(LoyaltyFailure) -> (EarnBatch, foundKnown: Bool) {
        var looksUp = looksUp
        for _ in 0..<LoyaltyLimits.attemptsMax {
            let programme = try await book.programme(name.programme).value
            guard let entry = try await book.find(EarnBatch.self, name.bytes) else {
                throw .unknownBatch
            }
            let batch = entry.value
            guard position <= batch.position else { throw .positionDiffers(batch.position) }
            guard UInt64(lines.count) <= batch.lines, position <= batch.lines - UInt64(lines.count)
            else { throw .tooManyLines }
            let passed = Int(min(batch.position - position, UInt64(lines.count)))
            let chunk = lines[passed...].prefix(LoyaltyLimits.chunkMax)
            if chunk.isEmpty { return (batch, looksUp) }
            var step = EarnStep(book, programme, batch, looksUp: looksUp, now: now)
            for line in chunk { try await step.apply(line) }
            let transition = try await step.transition(over: entry.revision)
            if try await book.commit(transition) { return (step.batch, step.foundKnown) }
            looksUp = true
        }
        throw .busy
    }

    /// How far an earn file has come.
    ///
    /// - Throws: `.unknownBatch`.
    package func batch(_ name: EarnBatch.Name) async throws(LoyaltyFailure) -> EarnBatch {
        guard let entry = try await book.find(EarnBatch.self, name.bytes) else {
            throw .unknownBatch
        }
        return entry.value
    }

    /// The earn files of a programme.
    ///
    /// - Parameters:
    ///   - programme: CURR of the programme.
    ///   - limit: how many of them are given.
    /// - Returns: the newest, newest first, and how many there are; without those that do not open,
    ///   which the audit names.
    /// - Throws: `.store`, `.module`.
    package func batches(
        of programme: Currency,
        limit: Int
    ) async throws(LoyaltyFailure) -> (newest: [EarnBatch], count: Int) {
        var batches: [EarnBatch] = []
        var count = 0
        var cursor = programme.bytes
        while true {
            let page = try await book.list(
                LoyaltyRecords.batch,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            .filter { $0.key.bytes.starts(with: programme.bytes) }
            guard let last = page.last else { break }
            for record in page {
                guard let batch = try await book.intact(EarnBatch.self, record) else { continue }
                batches.append(batch)
                count += 1
            }
            // Their names are digests, which stand in no order of time.
            batches.sort { $0.begunAt > $1.begunAt }
            batches = Array(batches.prefix(limit))
            cursor = last.key.bytes
        }
        return (batches, count)
    }

    /// Refused lines of a file, in the order of their numbers; the first
    /// ``LoyaltyLimits/refusedLinesMax`` are kept.
    ///
    /// - Parameters:
    ///   - name: of the file.
    ///   - line: the last one of the page before; 0 for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: the lines; none behind the last one.
    /// - Throws: `.damaged` where one does not open, which the audit names.
    package func refusedLines(
        of name: EarnBatch.Name,
        after line: UInt32 = 0,
        limit: Int
    ) async throws(LoyaltyFailure) -> [RefusedLine] {
        var cursor = ByteWriter(capacity: 38)
        cursor.append(name.bytes)
        cursor.number(line)
        var lines: [RefusedLine] = []
        for record in try await book.list(
            LoyaltyRecords.refusedLine,
            after: cursor.bytes,
            limit: limit
        ) where record.key.bytes.starts(with: name.bytes) {
            lines.append(try await book.open(RefusedLine.self, record).value)
        }
        return lines
    }
}
