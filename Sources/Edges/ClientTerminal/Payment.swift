// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1

/// One payment from the first page to the last.
///
/// What a failure means depends on how far it came: before the person agreed nothing was taken;
/// after that, until the card site has answered, it is not known; after that it is what was
/// answered.
struct Payment {
    /// What pays.
    enum Way {
        /// The virtual card at the card site, after this consent.
        case virtualCard(ClientTerminal.Consent)
        /// The card in the reader.
        case cardInReader(ClientTerminal.PayByCard)
        /// None: what was paid is brought to the shop.
        case none
    }

    var way = Way.none
    var navigator: Navigator
    let settings: TerminalSettings
    /// Nil where the comparison is left to the card site.
    private let compare: LockedResult.Compare?
    private let pause: @Sendable (Int) async throws -> Void
    var report = PaymentReport(.failed)
    /// The shop's origin, once its page led away from it.
    private var shop: Origin?
    private var pagesLeft: Int
    private var hasAgreed = false

    init(
        navigator: Navigator,
        settings: TerminalSettings,
        compare: LockedResult.Compare?,
        pause: @escaping @Sendable (Int) async throws -> Void
    ) {
        self.navigator = navigator
        self.settings = settings
        self.compare = compare
        self.pause = pause
        pagesLeft = settings.limits.pagesMax
    }

    mutating func run(_ address: URL) async -> PaymentReport {
        do throws(TerminalFailure) {
            var page = try await open(.init(address: address))
            while let next = try await step(from: page) {
                page = next
            }
        } catch {
            report.outcome = hasAgreed ? .pending : error.outcomeBeforeConsent
            report.said = [error.text]
            if hasAgreed {
                report.said.append("The payment was agreed to, so it may have been made.")
            }
        }
        return report
    }

    /// One page further.
    ///
    /// - Returns: nil at the end, with the report made.
    private mutating func step(from page: SitePage) async throws(TerminalFailure) -> SitePage? {
        switch page.kind {
        case .article:
            return try await submit(page.orderForm, of: page)
        case .order:
            note(page)
            report.order = page.address
            if case .cardInReader(let pay) = way { return try await self.pay(by: pay, page) }
            guard page.payForm != nil else { return end(.refused, page) }
            shop = Origin(page.address)
            return try await submit(page.payForm, of: page)
        case .checkout:
            return try await agree(page)
        case .checkoutPaid, .checkoutRefused:
            await settle(page)
            return nil
        case .receipt, .orderPaid:
            note(page)
            report.add(page.facts)
            if report.order == nil { report.order = page.address }
            report.said = page.said
            report.outcome = .alreadyPaid
            await fetchAgain(page)
            return nil
        case .checkoutPending, .orderPending:
            return try await lookAgain(page)
        case .orderRefused:
            if report.order == nil { report.order = page.address }
            return end(.refused, page)
        case .signIn:
            return end(.notAdmitted, page)
        case .newPassword:
            _ = end(.notAdmitted, page)
            report.said = ["Choose a password of your own first, at the card site in a browser."]
            return nil
        case .error, nil:
            return try endOnError(page)
        }
    }

    // MARK: Agreeing

    private mutating func agree(_ page: SitePage) async throws(TerminalFailure) -> SitePage? {
        note(page)
        guard var form = page.consentForm, Origin(page.address) == Origin(form.action) else {
            return end(.refused, page)
        }
        if hasAgreed {
            // The same page again: it did not take what was entered, or asks a second question,
            // which nobody answers for the person.
            return end(form.asksForPassword ? .notAdmitted : .refused, page)
        }
        guard form.asksForPassword, let cardSite = Origin(page.address) else {
            throw .notUnderstood("The card site asks for no password.")
        }
        try check(cardSite)
        let bill = Bill(
            merchant: Printable.line(report.merchant ?? ""),
            article: Printable.line(report.article ?? ""),
            amount: Printable.line(report.amount ?? ""),
            cardSite: cardSite
        )
        guard case .virtualCard(let consent) = way else {
            throw .notUnderstood("The shop sends us to a card site, where no card is to be used.")
        }
        let credentials = try await consent(bill)
        form.fill("userIdentifier", with: credentials.user)
        form.fill("password", with: credentials.password)
        hasAgreed = true
        return try await open(
            .init(
                address: form.action,
                method: .POST,
                body: form.body(pressing: ("decision", "pay")),
                page: (page.address, page.policy)
            )
        )
    }

    /// The password is for the card site alone: never for the shop, and for none but the site that
    /// the person named, if one was named.
    private func check(_ cardSite: Origin) throws(TerminalFailure) {
        if cardSite == shop {
            throw .addressNotAllowed(
                "The shop itself asks for your password. It was not given: that is no card site."
            )
        }
        if let expected = settings.cardSite, expected != cardSite {
            throw .addressNotAllowed(
                """
                The shop sends us to \(cardSite.text) and not to \(expected.text). \
                The password was not given.
                """
            )
        }
    }

    // MARK: After the card site answered

    /// Takes the result to the shop and fetches the file. The card site's word stands, whatever
    /// comes of this, unless the shop knows that the order was paid before.
    private mutating func settle(_ page: SitePage) async {
        let isPaid = page.kind == .checkoutPaid && hasAgreed
        note(page)
        report.add(page.facts)
        report.transaction = page.handoverForm?.value("transaction") ?? report.transaction
        report.said = isPaid ? [] : page.said
        report.outcome =
            if isPaid {
                .paidNotSaved
            } else if page.kind == .checkoutPaid {
                .alreadyPaid
            } else {
                page.refusalWaits ? .pending : .refused
            }
        guard page.handoverForm != nil else { return }
        do throws(TerminalFailure) {
            guard let handover = await compared(page) else {
                report.outcome = .pending
                report.said = [
                    "The card's signature is not the expected one, so the shop got no proof.",
                    "The card site finds out what became of the money: look at its history.",
                ]
                return
            }
            var next = try await submit(handover, of: page)
            if next.kind == .checkoutPaid, page.lock != nil {
                next = try await submit(next.handoverForm, of: next)
            }
            await settle(handedOver: next, isPaid: isPaid)
        } catch {
            report.said.append(error.text)
        }
    }

    /// The form that takes the result to the shop, with S3 compared where this is left to the
    /// client terminal; nil where it is not the expected one.
    private func compared(_ page: SitePage) async -> HTMLForm? {
        guard let lock = page.lock, let compare else { return page.handoverForm }
        guard let result = await compare(lock.result) else { return nil }
        return page.handoverForm?.compared(result, postingTo: lock.status)
    }

    /// The shop has the result; it may need a moment.
    mutating func settle(handedOver page: SitePage, isPaid: Bool) async {
        var next = page
        for _ in 0..<settings.limits.looksAgainMax where next.kind == .orderPending {
            guard let again = try? await again(next) else { break }
            next = again
        }
        await settle(next, isPaid: isPaid)
    }

    /// The shop's answer to the result.
    private mutating func settle(_ page: SitePage, isPaid: Bool) async {
        if page.kind == .receipt || page.kind == .orderPaid {
            report.add(page.facts)
            guard isPaid else {
                report.outcome = .alreadyPaid
                return await fetchAgain(page)
            }
            guard page.downloadLink != nil else {
                report.outcome = page.kind == .receipt ? .paid : .paidNotSaved
                return
            }
            if await fetch(page, keepsSame: false) { report.outcome = .paid }
        } else if isPaid {
            report.said += page.said
        }
    }

    /// What was paid before may have been left unsaved; a file that is there is not saved twice.
    private mutating func fetchAgain(_ given: SitePage) async {
        var page = given
        if let link = given.receiptLink, Origin(link) == Origin(given.address),
            let receipt = try? await open(
                .init(address: link, page: (given.address, given.policy))
            ),
            receipt.kind == .receipt
        {
            page = receipt
            report.add(receipt.facts)
        }
        if page.downloadLink != nil { _ = await fetch(page, keepsSame: true) }
    }

    private mutating func fetch(_ page: SitePage, keepsSame: Bool) async -> Bool {
        guard let link = page.downloadLink else { return false }
        let download = Download(folder: settings.folder)
        do throws(TerminalFailure) {
            try await navigator.download(.init(address: link, page: (page.address, page.policy))) {
                (disposition, address) throws(TerminalFailure) in
                try download.begin(FileName(disposition: disposition, address: address))
                return { piece throws(TerminalFailure) in try download.write(piece) }
            }
            report.file = try download.finish(keepsSame: keepsSame)
            return true
        } catch {
            download.discard()
            report.said.append(error.text)
            return false
        }
    }

    // MARK: Waiting

    private mutating func lookAgain(_ page: SitePage) async throws(TerminalFailure) -> SitePage? {
        note(page)
        report.add(page.facts)
        if page.kind == .orderPending, report.order == nil { report.order = page.address }
        var next = page
        for _ in 0..<settings.limits.looksAgainMax where next.kind == page.kind {
            do throws(TerminalFailure) {
                guard let again = try await again(next) else { break }
                next = again
            } catch {
                break
            }
        }
        return next.kind == page.kind ? end(.pending, next) : next
    }

    private mutating func again(_ page: SitePage) async throws(TerminalFailure) -> SitePage? {
        guard let link = page.selfLink else { return nil }
        let wished = page.lookAgainSeconds ?? 2
        let seconds = min(
            max(wished, TerminalLimits.lookAgainSeconds.lowerBound),
            TerminalLimits.lookAgainSeconds.upperBound
        )
        do {
            try await pause(seconds)
        } catch {
            return nil
        }
        // Looking again is bounded by itself and not by the pages of the way.
        return SitePage(
            try await navigator.open(.init(address: link, page: (page.address, page.policy)))
        )
    }

    // MARK: Ends

    mutating func end(_ outcome: PaymentOutcome, _ page: SitePage) -> SitePage? {
        note(page)
        report.outcome = outcome
        report.said = page.said
        return nil
    }

    private mutating func endOnError(_ page: SitePage) throws(TerminalFailure) -> SitePage? {
        guard page.kind == .error else {
            let host = page.address.host() ?? ""
            throw .notUnderstood("\(host) showed a page that is no part of a payment.")
        }
        // 500 and above: the site itself does not know what came of it. 429 counts attempts.
        let outcome: PaymentOutcome =
            switch (hasAgreed, page.status) {
            case (true, 500...): .pending
            case (_, 429): .notAdmitted
            case (true, _): .refused
            case (false, _): .failed
            }
        return end(outcome, page)
    }

    // MARK: Pages

    mutating func note(_ page: SitePage) {
        if let merchant = page.merchant { report.merchant = merchant }
        if let article = page.article { report.article = article }
        if let amount = page.amount { report.amount = amount }
    }

    private mutating func submit(
        _ form: HTMLForm?,
        of page: SitePage
    ) async throws(TerminalFailure) -> SitePage {
        guard let form else {
            throw .notUnderstood("\(page.address.host() ?? "") showed a page without its form.")
        }
        return try await open(
            .init(
                address: form.action,
                method: .POST,
                body: form.body(),
                page: (page.address, page.policy)
            )
        )
    }

    mutating func open(_ step: Navigator.Step) async throws(TerminalFailure) -> SitePage {
        guard pagesLeft > 0 else {
            throw .notUnderstood("The sites send us from page to page without an end.")
        }
        pagesLeft -= 1
        return SitePage(try await navigator.open(step))
    }
}
