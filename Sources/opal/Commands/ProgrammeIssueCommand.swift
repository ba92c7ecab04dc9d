// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EarnFiles
import Foundation
import Kernel
import LoyaltyServer
import Sites
import Wire

extension ProgrammeCommand {
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give members the points of an earn file.",
            discussion: """
                A CSV file whose first line is reference,member,points,date or \
                reference,member,points,date,note. A reference names its line in the programme: \
                it earns once, in whatever file it comes again. The same file again is \
                recognised; one that was broken off goes on where it stopped. A line that cannot \
                be applied is reported, and the others are applied.
                """
        )

        private struct Summary: Encodable {
            let lines: UInt64
            let applied: UInt64
            let known: UInt64
            let refused: UInt64
            let minorUnits: UInt64
            let wasKnown: Bool
        }

        /// Refused lines that are printed; a report has more.
        private static let shownMax = 20
        private static let pageMax = 500

        @Argument(help: "The code of the programme, for example 9001.")
        var programme: String
        @Argument(help: "The earn file.", completion: .file())
        var file: String
        @Option(
            name: .long,
            help: "Where refused lines are written, as CSV, with whole member numbers."
        )
        var report: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let code = try ProgrammeCommand.code(programme)
            let source = try read()
            let access = try Access(options)
            let (batch, wasKnown, refused) = try await access.step {
                let begun = try await source.begin(in: code, access.module, now: SystemClock.now())
                let batch = try await apply(source, begun, access.module)
                return (batch, begun.isWhole, try await refusedLines(of: batch, access.module))
            }
            if let report { try write(refused, to: report) }
            try show(batch, wasKnown, refused)
        }

        private func read() throws -> EarnFile {
            do throws(EarnFileFailure) {
                return try EarnFile(path: file)
            } catch .empty {
                throw CommandFailure("\(file) is empty. Nothing was applied.")
            } catch {
                throw CommandFailure("\(file) cannot be read. Nothing was applied.")
            }
        }

        private func apply(
            _ source: EarnFile,
            _ begun: EarnBatch,
            _ module: LoyaltyModule
        ) async throws -> EarnBatch {
            let progress = ProgressLine()
            progress.begin("lines", of: Int(source.scan.lineCount))
            progress.step(Int(begun.position))
            let batch: EarnBatch
            do {
                batch = try await source.apply(begun, module, now: SystemClock.now) {
                    progress.step($0)
                }
            } catch is EarnFileFailure {
                throw CommandFailure(
                    "\(file) was changed meanwhile. What was applied stays; run it again."
                )
            }
            progress.end()
            return batch
        }

        private func refusedLines(
            of batch: EarnBatch,
            _ module: LoyaltyModule
        ) async throws -> [RefusedLine] {
            let most = report == nil ? Self.shownMax : Int(LoyaltyLimits.refusedLinesMax)
            var lines: [RefusedLine] = []
            while lines.count < most {
                let page = try await module.refusedLines(
                    of: batch.name,
                    after: lines.last?.number ?? 0,
                    limit: min(Self.pageMax, most - lines.count)
                )
                if page.isEmpty { break }
                lines += page
            }
            return lines
        }

        private func write(_ lines: [RefusedLine], to path: String) throws {
            var text = CSVLine.text(["line", "reason", "text"])
            for line in lines {
                text += CSVLine.text(
                    ["\(line.number)", line.reason.text, CSVLine.guarded(line.text)]
                )
            }
            // Whole member numbers are in it, which are nobody else's business.
            let isWritten = FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
            guard isWritten else {
                throw CommandFailure("\(path) cannot be written. The file itself was applied.")
            }
        }

        private func show(
            _ batch: EarnBatch,
            _ wasKnown: Bool,
            _ refused: [RefusedLine]
        ) throws {
            if output.json {
                return try Output.json(
                    Summary(
                        lines: batch.lines,
                        applied: batch.accepted,
                        known: batch.known,
                        refused: batch.refused,
                        minorUnits: batch.points,
                        wasKnown: wasKnown
                    )
                )
            }
            if wasKnown {
                print("This file was applied on an earlier run; nothing was applied now.")
            }
            print("\(batch.accepted) of \(batch.lines) lines applied, \(batch.points) points")
            if batch.known > 0 { print("\(batch.known) lines were applied before") }
            if batch.refused > 0 { print("\(batch.refused) lines refused:") }
            for line in refused.prefix(Self.shownMax) {
                print("  line \(line.number): \(line.reason.text): \(line.maskedText)")
            }
            if batch.refused > UInt64(Self.shownMax) {
                print("  … more with --report FILE")
            }
        }
    }
}
