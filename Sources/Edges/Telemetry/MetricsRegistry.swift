// SPDX-License-Identifier: Apache-2.0

package import Metrics
import Synchronization

/// Keeps what the process counts and measures through swift-metrics, until somebody asks for it as
/// ``PrometheusText``. A party does not know of it.
package final class MetricsRegistry: MetricsFactory {
    /// One series of values.
    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    /// All series of one name and kind.
    struct Family: Sendable {
        let kind: Kind
        var series: [[Label]: Series] = [:]
    }

    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    struct Label: Hashable, Comparable, Sendable {
        let name: String
        let value: String

        static func < (one: Label, two: Label) -> Bool {
            (one.name, one.value) < (two.name, two.value)
        }
    }

    /// Series in one process: whoever makes names of what strangers send finds no end of memory.
    /// What is beyond is counted in a series that is not shown.
    package static let seriesMax = 10_000

    private let families = Mutex<(byName: [String: Family], count: Int)>(([:], 0))

    package init() {}

    var all: [(name: String, family: Family)] {
        families.withLock { $0.byName.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    private func series<Handler>(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: Kind,
        _ make: () -> (Handler, Series),
        _ take: (Series) -> Handler?
    ) -> Handler {
        let name = PrometheusText.name(label, kind)
        let labels = dimensions.map { Label(name: PrometheusText.name($0.0), value: $0.1) }.sorted()
        return families.withLock { state in
            let family = state.byName[name] ?? Family(kind: kind)
            if let known = family.series[labels], let handler = take(known) { return handler }
            let (handler, series) = make()
            guard family.kind == kind, state.count < MetricsRegistry.seriesMax else {
                return handler
            }
            state.byName[name, default: family].series[labels] = series
            state.count += 1
            return handler
        }
    }

    // MARK: As a factory

    package func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        series(label, dimensions, .counter) {
            let series = CounterSeries()
            return (series, .counter(series))
        } _: { series in
            if case .counter(let known) = series { known } else { nil }
        }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : gauge(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        series(label, dimensions, .gauge) {
            let series = GaugeSeries()
            return (series, .gauge(series))
        } _: { series in
            if case .gauge(let known) = series { known } else { nil }
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        series(label, dimensions, .histogram) {
            let series = HistogramSeries()
            return (series, .histogram(series))
        } _: { series in
            if case .histogram(let known) = series { known } else { nil }
        }
    }

    /// Series stay as long as the process: who scrapes would take a gap for a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}

/// Counts up.
final class CounterSeries: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    /// A count that would leave 64 bits begins anew, which a scraper takes for a restart.
    func increment(by amount: Int64) {
        count.wrappingAdd(max(0, amount), ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// The last value.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let last = Mutex(0.0)

    var value: Double { last.withLock { $0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { last.withLock { $0 = value } }
    func increment(by amount: Double) { last.withLock { $0 += amount } }
    func decrement(by amount: Double) { last.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
}

/// How often values were below each bound. Durations are in seconds.
final class HistogramSeries: TimerHandler, RecorderHandler {
    struct Value: Sendable {
        /// By ``bounds``, and those above the last one; not summed up.
        var counts = [UInt64](repeating: 0, count: HistogramSeries.bounds.count + 1)
        var sum = 0.0
    }

    /// From a step in memory to a response that nobody waits for any more.
    static let bounds = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
        2.5, 5, 10,
    ]
    private static let nanoseconds = 1_000_000_000.0

    private let state = Mutex(Value())

    var value: Value { state.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / Self.nanoseconds) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = HistogramSeries.bounds.firstIndex { value <= $0 }
        state.withLock { state in
            state.counts[bucket ?? HistogramSeries.bounds.count] += 1
            state.sum += value
        }
    }
}
