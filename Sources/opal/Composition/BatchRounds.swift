// SPDX-License-Identifier: Apache-2.0

import Batches
import Keys
import PaymentServer
import Records
import Wire

/// The rounds of collection at a payment server. One for the life of the party: what the operator
/// was told is told once.
struct BatchRounds: Sendable {
    private let module: PaymentModule
    private let updates: SchemeUpdates
    private let alarms: BatchAlarms
    private let link: (any Link)?
    private let sender: BatchSender?
    private let refunds: RefundSigner

    /// `link`: to the concentration point or the clearing house; nil where there is neither:
    ///     batches are closed and kept.
    /// `alarm`: told once of each batch that does not get on.
    init(
        of party: PaymentServerParty,
        over link: (any Link)?,
        alarm: @escaping @Sendable (BatchAlarm) -> Void
    ) {
        module = party.module
        updates = party.updates
        self.link = link
        refunds = party.refunds
        let alarms = BatchAlarms(alarm)
        self.alarms = alarms
        sender = link.map { party.module.batchSender(over: $0, alarm: alarms.tell) }
    }

    /// Closes what is due.
    func close(_ policy: BatchPolicy) async {
        await module.closeBatches(policy, alarms: alarms)
    }

    /// Offers what is closed, and sends what is wanted of it. Where the database does not answer,
    /// the next round goes on.
    func send() async {
        _ = try? await sender?.run()
    }

    /// Asks for the refunds that wait.
    func sendRefunds() async {
        guard let link else { return }
        _ = try? await module.sendRefunds(over: link, signedBy: refunds)
    }

    /// Takes what the clearing house has said is new.
    func refreshUpdates() async {
        guard let link else { return }
        _ = try? await updates.refresh(over: link)
    }
}
