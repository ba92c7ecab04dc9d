// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The times of single operations in one run.
struct Samples {
    /// Nanoseconds.
    private(set) var times: [UInt64] = []
    private(set) var elapsed = Duration.zero

    /// Runs `operation` for each index, shared among so many callers, and times each one.
    ///
    /// `operation`: caller, then index.
    static func run(
        callers: Int,
        operations: Int,
        _ operation: @escaping @Sendable (Int, Int) async throws -> Void
    ) async throws -> Samples {
        let clock = ContinuousClock()
        let start = clock.now
        var samples = Samples()
        try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var times: [UInt64] = []
                    times.reserveCapacity(operations / callers + 1)
                    for index in stride(from: caller, to: operations, by: callers) {
                        let begin = clock.now
                        try await operation(caller, index)
                        times.append(nanoseconds(clock.now - begin))
                    }
                    return times
                }
            }
            for try await times in group { samples.times += times }
        }
        samples.elapsed = clock.now - start
        samples.times.sort()
        return samples
    }

    /// Adds the times of another run.
    mutating func add(_ other: Samples) {
        times += other.times
        times.sort()
        elapsed += other.elapsed
    }

    var perSecond: Double { Double(times.count) / (Double(Self.nanoseconds(elapsed)) / 1e9) }

    /// Microseconds.
    func percentile(_ part: Double) -> Double {
        guard !times.isEmpty else { return 0 }
        return Double(times[min(times.count - 1, Int(part * Double(times.count)))]) / 1000
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        UInt64(duration.components.seconds) * 1_000_000_000
            + UInt64(duration.components.attoseconds / 1_000_000_000)
    }
}

/// One row of the table.
struct Row: Encodable {
    let name: String
    let callers: Int
    let perSecond: Double
    let p50us: Double
    let p99us: Double
    /// Resident memory of each process in MiB, by its name.
    var memoryMiB: [String: Double] = [:]

    /// So many things that were done together in so much time, by one caller.
    init(_ name: String, of count: Int, in time: Duration) {
        self.name = name
        callers = 1
        let seconds = time / .seconds(1)
        perSecond = (Double(count) / seconds * 10).rounded() / 10
        p50us = (seconds / Double(count) * 1e7).rounded() / 10
        p99us = p50us
    }

    init(_ name: String, callers: Int, _ samples: Samples) {
        self.name = name
        self.callers = callers
        perSecond = (samples.perSecond * 10).rounded() / 10
        p50us = (samples.percentile(0.5) * 10).rounded() / 10
        p99us = (samples.percentile(0.99) * 10).rounded() / 10
    }
}

/// Prints rows as a table, or as one JSON object a line.
struct Report {
    let isJSON: Bool
    private(set) var rows: [Row] = []

    init(isJSON: Bool) {
        self.isJSON = isJSON
        if !isJSON {
            print(
                Self.cell("what", Self.nameWidth) + Self.cell("callers", 9)
                    + Self.cell("per s", 12) + Self.cell("p50 µs", 12)
                    + Self.cell("p99 µs", 12) + "memory MiB"
            )
        }
    }

    mutating func add(_ row: Row) throws {
        rows.append(row)
        if isJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(row), as: UTF8.self))
        } else {
            let memory = row.memoryMiB.sorted { $0.key < $1.key }
                .map { "\($0.key) \(Int($0.value))" }.joined(separator: ", ")
            print(
                Self.cell(row.name, Self.nameWidth) + Self.cell("\(row.callers)", 9)
                    + Self.cell(String(format: "%.0f", row.perSecond), 12)
                    + Self.cell(String(format: "%.0f", row.p50us), 12)
                    + Self.cell(String(format: "%.0f", row.p99us), 12) + memory
            )
        }
        fflush(nil)
    }

    /// A remark that is no row: for people only.
    func note(_ text: String) {
        if !isJSON { print(text) }
    }

    func find(_ name: String, callers: Int) -> Row? {
        rows.last { $0.name == name && $0.callers == callers }
    }

    /// Characters of the longest name, and a blank.
    private static let nameWidth = 40

    private static func cell(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

/// Resident memory of a process in MiB (`VmRSS` of /proc).
func residentMiB(_ process: Int32 = getpid()) -> Double {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    let kibibytes = line.split(separator: " ").compactMap { Double($0) }.first ?? 0
    return kibibytes / 1024
}
