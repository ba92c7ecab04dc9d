// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// The servers of a run, each a process of its own.
final class Processes: Sendable {
    private struct Server {
        let name: String
        let process: Process
    }

    private let servers = Mutex<[Server]>([])

    /// Starts a server and waits until it says `ready`.
    func start(_ name: String, _ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        servers.withLock { $0.append(Server(name: name, process: process)) }
        let deadline = Date().addingTimeInterval(60)
        var text = ""
        while !text.contains("ready") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty, Date() < deadline else {
                throw BenchFailure("\(name) did not become ready")
            }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    /// Runs a command to its end.
    static func runToEnd(_ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchFailure("\(program) \(arguments.first ?? "") failed")
        }
    }

    /// Resident memory of each server in MiB.
    func memory() -> [String: Double] {
        servers.withLock { servers in
            Dictionary(
                servers.map { ($0.name, residentMiB($0.process.processIdentifier)) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }

    func stop() {
        let running = servers.withLock { servers in
            defer { servers = [] }
            return servers
        }
        for server in running.reversed() {
            server.process.terminate()
            server.process.waitUntilExit()
        }
    }
}
