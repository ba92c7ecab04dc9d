// SPDX-License-Identifier: Apache-2.0

import RecordsSQLite
import Sites

/// The parties that a process runs.
struct Parties {
    var opal: OPALServerParty?
    var payment: PaymentServerParty?
    var concentrationPoint: ConcentrationParty?
    var clearing: ClearingParty?
    /// How the clearing house of this process reaches the issuer.
    var issuer: LateLink?
    var shop: MerchantParty?
    var loadServer: LoadServerParty?
    var bank: BankParty?
    var console: ConsoleParty?
    /// What the console can look into.
    var consoleParts: ConsoleParts?
    var terminal: TerminalHostParty?
    var gateway: GatewayParty?
    var network: NetworkParty?
    var airline: AirlineParty?

    /// Finishes what is queued and closes the databases.
    func close() async {
        await console?.close()
        await shop?.store.close()
        await airline?.close()
        await bank?.store.close()
        await opal?.float.store.close()
        await opal?.store.close()
        await gateway?.close()
        await network?.store.close()
        await loadServer?.store.close()
        await payment?.store.close()
        await concentrationPoint?.store.close()
        await clearing?.store.close()
        await terminal?.store.close()
    }
}
