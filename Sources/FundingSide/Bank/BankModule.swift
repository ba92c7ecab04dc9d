// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Bank server 860: keeps accounts, checks funds, holds what is loaded, and pays it to the funds
/// pool of the card's issuer once the card was loaded (FIG. 18, steps 871–875 and 892).
///
/// Who may see which account is the matter of the site in front of it.
package struct BankModule: Sendable {
    /// Who the bank is.
    package struct Profile: Sendable {
        package let bank: BankIdentifier
        /// For persons.
        package let name: String
        /// The load server's name in the directories of OPAL servers.
        package let loadServer: String
        /// Where the browser brings a Load Result; `http` or `https`.
        package let resultURL: String
        /// Where the browser brings a card's information; `http` or `https`.
        package let informationURL: String
        /// The least that is loaded, in minor units, at least 1.
        package let minimumLoad: UInt64

        /// - Returns: nil where a text is empty, too long, holds a control character, or an address
        ///   has another scheme: the OPAL server would refuse such a page.
        package init?(
            bank: BankIdentifier,
            name: String,
            loadServer: String,
            resultURL: String,
            informationURL: String,
            minimumLoad: UInt64
        ) {
            func isText(_ text: String, bytesMax: Int) -> Bool {
                (1...bytesMax).contains(text.utf8.count) && ByteReader.isText(text)
            }
            func isAddress(_ text: String) -> Bool {
                isText(text, bytesMax: LoadLimits.statusURLBytesMax)
                    && (text.hasPrefix("https://") || text.hasPrefix("http://"))
            }
            guard isText(name, bytesMax: LoadLimits.bankNameBytesMax),
                isText(loadServer, bytesMax: LoadLimits.loadServerBytesMax),
                isAddress(resultURL), isAddress(informationURL), minimumLoad >= 1
            else { return nil }
            self.bank = bank
            self.name = name
            self.loadServer = loadServer
            self.resultURL = resultURL
            self.informationURL = informationURL
            self.minimumLoad = minimumLoad
        }
    }

    package let profile: Profile
    let sealing: any LoadOrderSealing
    let book: BankBook
    let link: any Link
    let random: any RandomSource

    /// - Parameters:
    ///   - profile: who the bank is.
    ///   - sealing: holds the key that this bank shares with the load server, and names it.
    ///   - recordSealing: seals the records in the store.
    ///   - store: opened with ``BankRecords/schema``.
    ///   - link: to the load server.
    ///   - random: for transactions and session keys.
    package init(
        _ profile: Profile,
        sealing: any LoadOrderSealing,
        recordSealing: any RecordSealing,
        store: any RecordStore,
        link: any Link,
        random: any RandomSource
    ) {
        self.profile = profile
        self.sealing = sealing
        book = BankBook(store: store, sealing: recordSealing)
        self.link = link
        self.random = random
    }
}
