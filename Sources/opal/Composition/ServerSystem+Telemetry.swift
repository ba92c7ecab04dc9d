// SPDX-License-Identifier: Apache-2.0

import Batches
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import PaymentServer
import Records
import SecurityModule
import ServiceLifecycle
import Telemetry

// What machines ask of this process.
extension ServerSystem {
    /// `GET /metrics`, `/health` and `/ready`, without TLS, where a port is set for them.
    func telemetry(_ parties: Parties, _ gate: ReadyGate) -> [any Service] {
        guard let port = settings.telemetryPort else { return [] }
        let listening = gate.listener()
        var logger = logger
        logger[metadataKey: LogKey.party] = "telemetry"
        let site = TelemetrySite(
            ProcessTelemetry.registry,
            checks: parties.stores.map { name, store in
                TelemetrySite.Check(name) { await store.isReady() }
            },
            gauges: { await parties.gauges() }
        )
        let address = BindAddress.hostname(settings.telemetryHost, port: port)
        return [
            Application(
                // It is asked every few seconds.
                responder: TracedResponder(site.router().buildResponder(), level: .debug),
                configuration: ApplicationConfiguration(address: address, serverName: "opal"),
                onServerRunning: { _ in await listening() },
                logger: logger
            )
        ]
    }
}

extension Parties {
    /// Without these nothing works.
    var stores: [(String, PartyStore)] {
        let all: [(String, PartyStore?)] = [
            ("opal-server", opal?.store), ("payment-server", payment?.store),
            ("concentration", concentrationPoint?.store), ("clearing", clearing?.store),
            ("shop", shop?.store), ("bank", bank?.store), ("load-server", loadServer?.store),
            ("gateway", gateway?.store), ("network", network?.store),
            ("airline", airline?.merchant.store), ("loyalty-server", airline?.loyalty.store),
            ("terminal", terminal?.store), ("console", console?.store),
        ]
        return all.compactMap { name, store in store.map { (name, $0) } }
    }

    /// What is read when it is asked for.
    func gauges() async -> [PrometheusText.Gauge] {
        await batchGauges() + saleGauges()
    }

    /// Batches that the clearing house does not have yet, as far as each party knows.
    private func batchGauges() async -> [PrometheusText.Gauge] {
        var gauges: [PrometheusText.Gauge] = []
        for (party, store) in [
            ("payment-server", payment?.store), ("concentration", concentrationPoint?.store),
        ] {
            guard let store, let count = try? await store.openCount(of: BatchRecord.kind) else {
                continue
            }
            gauges.append(
                PrometheusText.Gauge("opal_batches_pending", [("party", party)], Double(count))
            )
        }
        return gauges
    }

    private func saleGauges() async -> [PrometheusText.Gauge] {
        guard let payment else { return [] }
        var gauges = [
            PrometheusText.Gauge(
                "opal_sales_overdue_to_be_counted",
                [],
                Double(payment.module.overdueCount)
            ),
            PrometheusText.Gauge(
                "opal_sales_waiting_for_a_terminal",
                [],
                Double(payment.terminals.waitingCount)
            ),
            PrometheusText.Gauge(
                "opal_terminals_leased",
                [],
                Double(payment.terminals.leased.count)
            ),
        ]
        var totals: [Total: (count: UInt64, minorUnits: UInt64)] = [:]
        for terminal in payment.terminals.terminals {
            guard let description = try? await terminal.describe() else { continue }
            for total in description.totals {
                let name = Total(total.currency.digits, total.exponent.decimals)
                totals[name, default: (0, 0)].count &+= total.count
                totals[name, default: (0, 0)].minorUnits &+= total.minorUnits
            }
        }
        for (name, total) in totals {
            let labels = [("currency", name.currency), ("exponent", "\(name.exponent)")]
            gauges += [
                PrometheusText.Gauge("opal_sales_counted", labels, Double(total.count)),
                PrometheusText.Gauge(
                    "opal_sales_counted_minor_units",
                    labels,
                    Double(total.minorUnits)
                ),
            ]
        }
        return gauges
    }

    private struct Total: Hashable {
        let currency: String
        let exponent: UInt8

        init(_ currency: String, _ exponent: UInt8) {
            self.currency = currency
            self.exponent = exponent
        }
    }
}

extension RecordStore {
    /// How many open records of a kind there are.
    fileprivate func openCount(of kind: RecordKind) async throws(StoreFailure) -> Int {
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        while true {
            let page = try await listOpen(kind, after: cursor, limit: RecordLimits.pageMax)
            count += page.count
            guard page.count == RecordLimits.pageMax, let last = page.last else { return count }
            cursor = last.key.bytes
        }
    }
}
