// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import SessionKeys
import Wire

// How the parts of the OPAL server are put together.
extension OPALServerParty {
    static func succession(
        _ users: UserDirectory,
        _ desk: CardDesk,
        _ emulator: Emulator,
        _ module: SoftwareModule,
        _ loadModule: any LoadModule
    ) -> CardSuccession {
        CardSuccession(
            users: users,
            desk: desk,
            emulator: emulator,
            module: module,
            loads: loadModule,
            random: SystemRandom()
        )
    }

    static func disputes(
        _ users: UserDirectory,
        _ purchases: Purchases,
        _ clearingHouses: Set<String>
    ) -> DisputeDesk {
        DisputeDesk(
            users: users,
            purchases: purchases,
            clearingHouses: clearingHouses,
            now: SystemClock.now
        )
    }

    static func desk(
        _ store: any RecordStore,
        _ module: SoftwareModule,
        _ loadModule: any LoadModule,
        _ seals: RecordSealer
    ) -> CardDesk {
        CardDesk(
            store: store,
            module: module,
            loads: loadModule,
            seals: seals,
            random: SystemRandom(),
            now: SystemClock.now
        )
    }

    static func emulator(
        _ store: any RecordStore,
        _ module: SoftwareModule,
        _ desk: CardDesk,
        _ alarm: (@Sendable (CardIdentifier) -> Void)?
    ) -> Emulator {
        var emulator = Emulator(module: module, store: store, random: SystemRandom())
        emulator.alarm = alarm
        emulator.categories = desk.merchants
        return emulator
    }

    static func purchases(
        _ store: any RecordStore,
        _ seals: RecordSealer,
        _ emulator: Emulator,
        _ directory: AcquirerDirectory,
        _ mails: SettlementMails
    ) -> Purchases {
        var purchases = Purchases(
            store: store,
            seals: seals,
            keys: DrawSealer(),
            emulator: emulator,
            directory: directory,
            now: SystemClock.now
        )
        purchases.uptime = SystemClock.uptime
        purchases.mails = mails
        return purchases
    }

    static func loads(
        _ store: any RecordStore,
        _ seals: RecordSealer,
        _ emulator: Emulator,
        _ loadServers: LoadServerDirectory,
        _ mails: SettlementMails
    ) -> Loads {
        var loads = Loads(
            store: store,
            seals: seals,
            keys: CreditSealer(),
            emulator: emulator,
            directory: loadServers,
            now: SystemClock.now
        )
        loads.uptime = SystemClock.uptime
        loads.mails = mails
        return loads
    }

    static func accountLoads(
        _ users: UserDirectory,
        _ desk: CardDesk,
        _ emulator: Emulator,
        _ module: any LoadModule,
        _ gateway: any Link,
        _ settings: AccountLoads.Settings
    ) -> AccountLoads {
        var loads = AccountLoads(
            users: users,
            desk: desk,
            emulator: emulator,
            module: module,
            gateway: gateway,
            settings: settings,
            now: SystemClock.now
        )
        loads.uptime = SystemClock.uptime
        return loads
    }
}
