// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// The loyalty server, which keeps the programmes of web servers 208' (FIG. 16): their rules, their
/// members, what these earn, and the points until they are on the card or, where the programme
/// keeps them in its database, until they are redeemed.
///
/// Who may ask for what is the matter of the site in front of it.
package struct LoyaltyModule: Sendable {
    let book: LoyaltyBook
    let link: any Link
    let random: any RandomSource

    /// - Parameters:
    ///   - recordSealing: seals the records in the store.
    ///   - store: opened with ``LoyaltyRecords/schema``.
    ///   - link: to the OPAL server.
    ///   - random: for member numbers and the transactions of postings.
    package init(
        recordSealing: any RecordSealing,
        store: any RecordStore,
        link: any Link,
        random: any RandomSource
    ) {
        book = LoyaltyBook(store: store, sealing: recordSealing)
        self.link = link
        self.random = random
    }
}
