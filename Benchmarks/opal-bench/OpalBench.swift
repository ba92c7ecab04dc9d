// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Measures, always beside a bound in the same run: see ``BenchArguments/help``.
@main
struct OpalBench {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        // Not for people: a run starts itself as the server of its bound.
        if words.first == "echo", words.count == 3, let port = Int(words[1]) {
            return try await EchoServer.run(port: port, certificates: words[2])
        }
        do {
            let arguments = try BenchArguments(words)
            if arguments.wantsHelp { return print(BenchArguments.help) }
            try await run(arguments)
        } catch let unknown as BenchArguments.Unknown {
            let text = "opal-bench does not know \(unknown.word)\n\n\(BenchArguments.help)\n"
            FileHandle.standardError.write(Data(text.utf8))
            exit(EX_USAGE)
        }
    }

    private static func run(_ arguments: BenchArguments) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-bench-\(getpid())").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var report = Report(isJSON: arguments.isJSON)
        let clients = arguments.clients
        let opal = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("opal").path
        for part in BenchArguments.Part.allCases where arguments.parts.contains(part) {
            switch part {
            case .card: try await CardCore(folder: folder).run(&report)
            case .web:
                try await WebBench(folder: folder, opal: opal, clients: clients).run(&report)
            case .loads:
                try await LoadBench(folder: folder, opal: opal, clients: clients).run(&report)
            case .points: try await EarnFileBench(folder: folder).run(&report)
            case .clearing: try await ClearingBench(folder: folder).run(&report)
            case .policies: try await PolicyBench(folder: folder, opal: opal).run(&report)
            }
        }
    }
}
