// SPDX-License-Identifier: Apache-2.0

/// The text that Prometheus scrapes, format 0.0.4.
package enum PrometheusText {
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameters:
    ///   - registry: what was counted and measured.
    ///   - gauges: what was read just now.
    /// - Returns: the text.
    package static func text(_ registry: MetricsRegistry, _ gauges: [Gauge] = []) -> String {
        var text = ""
        for (name, family) in registry.all {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: {
                $0.key.lexicographicallyPrecedes($1.key)
            }) {
                write(name, labels, series, to: &text)
            }
        }
        let byName = Dictionary(grouping: gauges, by: \.name)
        for (name, family) in byName.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) gauge\n"
            for gauge in family {
                text += line(name, gauge.labels, number(gauge.value))
            }
        }
        return text
    }

    /// A value that is read when it is asked for.
    package struct Gauge: Sendable {
        let name: String
        let labels: [MetricsRegistry.Label]
        let value: Double

        package init(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
            self.name = PrometheusText.name(name)
            self.labels = labels.map {
                MetricsRegistry.Label(name: PrometheusText.name($0.0), value: $0.1)
            }
            self.value = value
        }
    }

    private static func write(
        _ name: String,
        _ labels: [MetricsRegistry.Label],
        _ series: MetricsRegistry.Series,
        to text: inout String
    ) {
        switch series {
        case .counter(let counter): text += line(name, labels, "\(counter.value)")
        case .gauge(let gauge): text += line(name, labels, number(gauge.value))
        case .histogram(let histogram):
            let value = histogram.value
            var count: UInt64 = 0
            for (index, part) in value.counts.enumerated() {
                count += part
                let bounds = HistogramSeries.bounds
                let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
                let le = MetricsRegistry.Label(name: "le", value: bound)
                text += line(name + "_bucket", labels + [le], "\(count)")
            }
            text += line(name + "_sum", labels, number(value.sum))
            text += line(name + "_count", labels, "\(count)")
        }
    }

    private static func line(
        _ name: String,
        _ labels: [MetricsRegistry.Label],
        _ value: String
    ) -> String {
        guard !labels.isEmpty else { return "\(name) \(value)\n" }
        let list = labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
        return "\(name){\(list)} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }

    /// A name as Prometheus has it: letters, digits and underscores, no digit first.
    static func name(_ text: String) -> String {
        let name = text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return (name.first?.isNumber ?? true ? "_" : "") + String(name)
    }

    static func name(_ label: String, _ kind: MetricsRegistry.Kind) -> String {
        let name = name(label)
        return switch kind {
        case .counter where !name.hasSuffix("_total"): name + "_total"
        default: name
        }
    }
}
