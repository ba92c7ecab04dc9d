// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Measures, always beside a bound in the same run: `opal-bench [--json] [card] [web] [policies]
/// [clients …]`, everything where none is named.
@main
struct OpalBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "echo", arguments.count == 3, let port = Int(arguments[1]) {
            return try await EchoServer.run(port: port, certificates: arguments[2])
        }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-bench-\(getpid())").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var report = Report(isJSON: arguments.contains("--json"))
        let parts = ["card", "web", "policies"].filter(arguments.contains)
        let isAll = parts.isEmpty
        if isAll || arguments.contains("card") {
            try await CardCore(folder: folder).run(&report)
        }
        let named = arguments.compactMap(Int.init)
        let clients = named.isEmpty ? [1, 8, 32] : named
        let opal = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("opal").path
        if isAll || arguments.contains("web") {
            try await WebBench(folder: folder, opal: opal, clients: clients).run(&report)
        }
        if isAll || arguments.contains("policies") {
            try await PolicyBench(folder: folder, opal: opal).run(&report)
        }
    }
}
