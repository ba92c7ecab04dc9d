// SPDX-License-Identifier: Apache-2.0

import Crypto
import HSM
import Kernel
import Keys
import LoadSecurityModule
import SecurityCard
import SessionKeys
import Synchronization

/// The keys of all parties, as their security modules and key files would keep them over a restart.
final class WorldKeys: Sendable {
    private static let version: UInt8 = 1
    /// Of all security cards.
    static let acquirerNumber: UInt32 = 7

    let hsm = LocalMasterKey.make()
    let acquirer = LocalMasterKey.make()
    /// KB of the acquirer.
    let batchMaster = SymmetricKey(size: .bits256)
    let directory = SharedKeyDirectory()
    let sales: SaleSealer
    private let issuers = Mutex<[IssuerIdentifier: [UInt8]]>([:])

    init(issuers: [IssuerIdentifier], random: SeededRandom) throws(WorldFailure) {
        sales = SaleSealer(
            directory: directory,
            pseudonymKey: random.bytes(SaleSealer.pseudonymKeyBytes)
        )
        do throws(KeyFailure) {
            for issuer in issuers { try install(issuer, in: SoftwareModule(hsm)) }
        } catch {
            throw .key(error)
        }
    }

    /// Takes an issuer's keys into a module; makes them where the issuer is new.
    func install(_ issuer: IssuerIdentifier, in module: SoftwareModule) throws(KeyFailure) {
        let name = SoftwareModule.KeyName(issuer: issuer, version: WorldKeys.version)
        if let wrapped = issuers.withLock({ $0[issuer] }) {
            try module.install(wrapped, as: name)
        } else {
            let wrapped = try module.makeKeys(name)
            issuers.withLock { $0[issuer] = wrapped }
        }
    }

    /// The HSM with the keys of all issuers.
    func module() -> SoftwareModule {
        let module = SoftwareModule(hsm)
        for (issuer, _) in issuers.withLock({ $0 }) {
            guard (try? install(issuer, in: module)) != nil else {
                preconditionFailure("The module wrapped these keys itself.")
            }
        }
        return module
    }

    /// Module 864 with the load keys of all issuers known now.
    func loadModule(_ master: LocalMasterKey) throws(WorldFailure) -> SoftwareLoadModule {
        let (source, module) = (SoftwareModule(hsm), SoftwareLoadModule(master))
        do throws(KeyFailure) {
            for (issuer, wrapped) in issuers.withLock({ $0 }) {
                try module.install(
                    source.exportLoadKeys(wrapped, to: master),
                    as: SoftwareLoadModule.KeyName(issuer: issuer, version: WorldKeys.version)
                )
            }
        } catch {
            throw .key(error)
        }
        return module
    }

    /// A security card that accepts the issuers known now.
    ///
    /// `master`: of another host of terminals; of the acquirer where none is given.
    func securityCard(
        _ serial: UInt32,
        _ master: LocalMasterKey? = nil
    ) -> SoftwareSecurityCard {
        let master = master ?? acquirer
        let card = SoftwareSecurityCard(
            SecurityCardIdentifier(acquirer: WorldKeys.acquirerNumber, serial: serial),
            master: master
        )
        guard let wrapped = try? master.wrap(batchMaster),
            (try? card.install(batchKey: wrapped)) != nil
        else { preconditionFailure("A key is wrapped and unwrapped under the same master.") }
        let module = SoftwareModule(hsm)
        for (issuer, wrapped) in issuers.withLock({ $0 }) {
            guard
                let exported = try? module.exportPurchaseKey(wrapped, to: master),
                (try? card.install(
                    purchaseKey: exported,
                    as: SoftwareSecurityCard.KeyName(issuer: issuer, version: WorldKeys.version)
                ))
                    != nil
            else { preconditionFailure("The module wrapped these keys itself.") }
        }
        return card
    }
}
