// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import LoyaltyServer

extension EarnFile {
    /// What the file is called in a programme.
    ///
    /// - Throws: `.unknownProgramme`.
    package func batchName(in programme: Currency) throws(LoyaltyFailure) -> EarnBatch.Name {
        guard let name = EarnBatch.Name(programme: programme, digest: scan.digest) else {
            throw .unknownProgramme
        }
        return name
    }

    /// How far the file has come in a programme; nothing is changed.
    ///
    /// - Returns: nil where it was not begun, and can be.
    /// - Throws: as ``LoyaltyModule/check(fileName:header:lines:)``.
    package func standing(
        in programme: Currency,
        _ module: LoyaltyModule
    ) async throws(LoyaltyFailure) -> EarnBatch? {
        let batch = try batchName(in: programme)
        do throws(LoyaltyFailure) {
            return try await module.batch(batch)
        } catch .unknownBatch {
            try LoyaltyModule.check(fileName: name, header: scan.header, lines: scan.lineCount)
            return nil
        }
    }

    /// Begins the file in a programme, or finds how far it has come.
    ///
    /// - Throws: as ``LoyaltyModule/begin(_:fileName:header:lines:now:)``.
    package func begin(
        in programme: Currency,
        _ module: LoyaltyModule,
        now: Instant
    ) async throws(LoyaltyFailure) -> EarnBatch {
        try await module.begin(
            try batchName(in: programme),
            fileName: name,
            header: scan.header,
            lines: scan.lineCount,
            now: now
        )
    }

    /// Applies the lines that are not behind the file yet, ``LoyaltyLimits/chunkMax`` at a time.
    /// Where another process applies the same file, its position runs ahead of what is read here:
    /// those lines are passed over, and none is left out.
    ///
    /// - Parameters:
    ///   - begun: what ``begin(in:_:now:)`` gave.
    ///   - module: of the programme.
    ///   - now: asked for each chunk.
    ///   - progress: told how many lines more are behind it.
    /// - Returns: the file, whole.
    /// - Throws: `CancellationError` between two chunks, `EarnFileFailure`, `LoyaltyFailure`; what
    ///   was applied stays, and the same file again goes on.
    package func apply(
        _ begun: EarnBatch,
        _ module: LoyaltyModule,
        now: @Sendable () -> Instant,
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> EarnBatch {
        var batch = begun
        var lines = try lines(skipping: begun.position)
        var read = begun.position
        while batch.position < batch.lines {
            try Task.checkCancellation()
            let chunk = try lines.next(LoyaltyLimits.chunkMax)
            guard !chunk.isEmpty else { throw EarnFileFailure.changed }
            let next = try await module.apply(chunk, of: begun.name, from: read, now: now())
            read += UInt64(chunk.count)
            progress(Int(next.position - batch.position))
            batch = next
        }
        return batch
    }
}

extension LoyaltyFailure {
    /// Why an earn file is not applied, in words; nil for what has nothing to do with files.
    package var earnFileWords: String? {
        switch self {
        case .headerUnreadable:
            "The first line must be reference,member,points,date or "
                + "reference,member,points,date,note. Nothing was applied."
        case .tooManyLines:
            "The file has more than \(LoyaltyLimits.fileLinesMax) lines. Nothing was applied."
        case .fileNameUnreadable: "The file's name is too long. Nothing was applied."
        case .busy: "Others change the same members all the time. Begin it again: it goes on."
        default: nil
        }
    }
}
