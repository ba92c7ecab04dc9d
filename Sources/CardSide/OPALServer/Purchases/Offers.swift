// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Pages that came from a shop or a bank and wait for the person's consent. A page is posted from
/// another site, without the person's session; so it is kept here, sealed, and the browser is sent
/// to the consent page, which has it.
package struct Offers: Sendable {
    package static let kind = RecordKind("offer", keyBytes: 16...16)
    /// Load pages.
    package static let loadKind = RecordKind("load_offer", keyBytes: 16...16)
    /// Inquiry pages.
    package static let inquiryKind = RecordKind("inquiry_offer", keyBytes: 16...16)
    package static let kinds = [kind, loadKind, inquiryKind]
    /// Offers that nobody took are forgotten after this time; the page is too old by then.
    package static let keepTime = max(
        PurchaseLimits.orderTime + PurchaseLimits.clockSkew,
        LoadLimits.loadTime + LoadLimits.clockSkew
    )

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let random: any RandomSource

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        random: any RandomSource
    ) {
        self.store = store
        self.seals = seals
        self.random = random
    }

    /// Keeps a page.
    ///
    /// - Returns: the name under which the consent page finds it, hard to guess.
    package func keep(
        _ page: OrderPage,
        now: Instant
    ) async throws(OfferFailure) -> TransactionIdentifier {
        try await keep(page.bytes, as: Offers.kind, now)
    }

    /// Keeps a load page, likewise.
    package func keep(
        _ page: LoadPage,
        now: Instant
    ) async throws(OfferFailure) -> TransactionIdentifier {
        try await keep(page.bytes, as: Offers.loadKind, now)
    }

    /// Keeps an inquiry page, likewise.
    package func keep(
        _ page: CardInquiryPage,
        now: Instant
    ) async throws(OfferFailure) -> TransactionIdentifier {
        try await keep(page.bytes, as: Offers.inquiryKind, now)
    }

    /// The page with this name, or nil where there is none (any more).
    package func find(
        _ name: TransactionIdentifier
    ) async throws(OfferFailure) -> OrderPage? {
        try await find(name, Offers.kind) { bytes throws(WireFailure) in
            try OrderPage(bytes: bytes)
        }
    }

    /// The load page with this name, or nil where there is none (any more).
    package func findLoad(
        _ name: TransactionIdentifier
    ) async throws(OfferFailure) -> LoadPage? {
        try await find(name, Offers.loadKind) { bytes throws(WireFailure) in
            try LoadPage(bytes: bytes)
        }
    }

    /// The inquiry page with this name, or nil where there is none (any more).
    package func findInquiry(
        _ name: TransactionIdentifier
    ) async throws(OfferFailure) -> CardInquiryPage? {
        try await find(name, Offers.inquiryKind) { bytes throws(WireFailure) in
            try CardInquiryPage(bytes: bytes)
        }
    }

    private func keep(
        _ page: [UInt8],
        as kind: RecordKind,
        _ now: Instant
    ) async throws(OfferFailure) -> TransactionIdentifier {
        let name = TransactionIdentifier(at: now, random: random.pair())
        let key = RecordKey(kind, name.bytes)
        do {
            let body = try await seals.seal(page, name: key.sealName(), revision: 1)
            let write = RecordWrite.put(key, expectedRevision: 0, body: body)
            guard try await store.commit(Transition(writes: [write])) == .committed else {
                throw OfferFailure.unavailable
            }
            return name
        } catch {
            throw .unavailable
        }
    }

    private func find<Page>(
        _ name: TransactionIdentifier,
        _ kind: RecordKind,
        _ parse: ([UInt8]) throws(WireFailure) -> Page
    ) async throws(OfferFailure) -> Page? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(RecordKey(kind, name.bytes))
        } catch {
            throw .unavailable
        }
        guard let record else { return nil }
        do {
            return try parse(
                try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
            )
        } catch {
            throw .unavailable
        }
    }

    /// Forgets what is too old, at most a page of each kind at a time.
    ///
    /// - Returns: how many offers were forgotten.
    @discardableResult
    package func forgetOld(now: Instant) async throws(StoreFailure) -> Int {
        var count = 0
        for kind in Offers.kinds { count += try await forgetOld(kind, now) }
        return count
    }

    private func forgetOld(_ kind: RecordKind, _ now: Instant) async throws(StoreFailure) -> Int {
        let deadline = now.subtracting(Offers.keepTime).milliseconds
        var count = 0
        // Names begin with the time in milliseconds (6 bytes), so the oldest come first.
        for record in try await store.list(
            kind,
            after: nil,
            limit: RecordLimits.pageMax,
            order: .ascending
        ) {
            let madeAt = record.key.bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) }
            guard madeAt < deadline else { break }
            let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
            if try await store.commit(Transition(writes: [write])) == .committed { count += 1 }
        }
        return count
    }
}

/// Why an offer cannot be kept or shown: the store or the module does not answer.
package enum OfferFailure: Error, Equatable, Sendable {
    case unavailable
}
