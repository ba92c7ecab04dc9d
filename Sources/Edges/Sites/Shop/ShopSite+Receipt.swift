// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import Merchant
import Traces

// From the result to the goods.
extension ShopSite {
    /// The status URL: the browser brings the sealed result (FIG. 11C, step 638). It comes from
    /// another site, so that it carries no token; only a result that opens changes anything.
    func takeResult(_ request: Request) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        guard let transaction = TransactionIdentifier(form.text("transaction")) else {
            throw .badForm(.field("transaction"))
        }
        TraceSubject.note(transaction)
        do throws(OrderFailure) {
            let received = try await merchant.receive(
                Array(form.text("result").utf8),
                signature: Signature(hex: form.text("signature")),
                of: transaction,
                now: now()
            )
            return SiteShell.seeOther(OrderAddress(transaction, received.receiptKey).receipt)
        } catch .unknownOrder, .resultForged, .resultMismatch {
            // One answer: it must not tell which orders there are.
            return resultRefused(.resultNotGenuine, .badRequest)
        } catch .resultContradicts {
            return resultRefused(.resultContradicts, .conflict)
        } catch {
            throw SiteFailure(error)
        }
    }

    private func resultRefused(
        _ text: RefusalText,
        _ status: HTTPResponse.Status
    ) -> Response {
        shell.response(
            Page(
                "shop/result-refused",
                [
                    "refusal": text.values(),
                    "actions": [
                        "links": [["label": "Back to the catalogue", "href": "/"]]
                    ],
                ],
                status: status
            )
        )
    }

    /// How the order stands: asks the payment server where the result has not come.
    func showReceipt(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let reader = shell.wording.reader(request)
        var order = try await merchantStep { () async throws(OrderFailure) in
            try await merchant.find(address.transaction, receiptKey: address.key)
        }
        if order.state == .open || order.isGivenUp {
            do throws(OrderFailure) {
                order = try await merchant.ask(address.transaction, now: now())
            } catch {
                // What was given up stays so until the payment server says otherwise.
                if order.isGivenUp { return refusedPage(order, address, reader) }
                guard let text = RefusalText(unanswered: error) else { throw SiteFailure(error) }
                return pendingPage(order, text, address, reader)
            }
        }
        return switch order.state {
        case .open: pendingPage(order, .notHeardYet, address, reader)
        case .paid, .delivered: receiptPage(order, address, reader)
        case .unpaid: refusedPage(order, address, reader)
        }
    }

    /// Hands out the goods (FIG. 11C, step 640).
    func download(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let reader = shell.wording.reader(request)
        let order = try await merchantStep { () async throws(OrderFailure) in
            try await merchant.find(address.transaction, receiptKey: address.key)
        }
        // Before the delivery is written down: without the file nothing is delivered.
        guard let goods = content.goods(of: order.article) else {
            throw .broken(GoodsMissing(file: order.article.contentFile))
        }
        do throws(OrderFailure) {
            _ = try await merchant.deliver(
                address.transaction,
                receiptKey: address.key,
                now: now()
            )
            return file(order.article, goods)
        } catch .notPaid(.open) {
            return pendingPage(order, .notPaidYet, address, reader, status: .forbidden)
        } catch .notPaid {
            return refusedPage(order, address, reader, status: .forbidden)
        } catch .downloadOver {
            return receiptPage(order, address, reader, status: .gone)
        } catch {
            throw SiteFailure(error)
        }
    }

    private func file(_ article: Article, _ goods: [UInt8]) -> Response {
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: goods))
        return .attachment(article.contentFile, type: article.mediaType, body)
    }

    /// The goods of an article that was sold are not there.
    struct GoodsMissing: Error {
        let file: String
    }

    // MARK: Pages

    private func receiptPage(
        _ order: OrderView,
        _ address: OrderAddress,
        _ reader: Reader,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var facts: [[String: Any]] = [
            ["label": "Paid", "value": reader.amount(order.amount)],
            ["label": "Paid with", "value": "OPAL card"],
            ["label": "Transaction", "value": order.transaction.text, "code": true],
        ]
        if let settlement = order.settlement {
            facts.append(
                ["label": "Time", "value": reader.timeText(settlement.time.instant)])
        }
        var values: [String: Any] = ["order": self.values(order, reader), "catalogueHref": "/"]
        let until = order.deliveredAt?.adding(MerchantLimits.downloadTime)
        if let until {
            facts.append(["label": "Download until", "value": reader.timeText(until)])
        }
        if until.map({ now() <= $0 }) ?? true {
            let kind = content.presentation(of: order.article).kind.lowercased()
            values["download"] = ["href": address.download, "label": "Download the \(kind)"]
        }
        values["facts"] = facts
        return shell.response(Page("shop/receipt", values, status: status))
    }

    private func pendingPage(
        _ order: OrderView,
        _ text: RefusalText,
        _ address: OrderAddress,
        _ reader: Reader,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var values: [String: Any] = [
            "order": self.values(order, reader), "refusal": text.values(),
            "selfHref": address.receipt,
        ]
        if !order.terms(areStaleAt: now()) {
            values["actions"] = ["links": [["label": "Back to the order", "href": address.order]]]
        }
        // The script asks for the page that it is on; a refused download is not asked for again.
        if status == .ok { values["refreshSeconds"] = ShopLimits.refreshSeconds }
        return shell.response(Page("shop/order-pending", values, status: status))
    }

    func refusedPage(
        _ order: OrderView,
        _ address: OrderAddress,
        _ reader: Reader,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let text = RefusalText(unpaid: order.settlement, amount: reader.amount(order.amount))
        let reorder: [[String: Any]] = [
            ["name": "transaction", "value": address.transaction.text],
            ["name": "key", "value": address.key.reveal()],
        ]
        return shell.response(
            Page(
                "shop/order-refused",
                [
                    "order": values(order, reader),
                    "refusal": text.values(reference: OrderNumber.text(order.transaction)),
                    "reorder": ["action": "/reorder", "fields": reorder] as [String: Any],
                    "actions": ["links": [["label": "Back to the catalogue", "href": "/"]]],
                ],
                status: status
            )
        )
    }

    /// Who opens the page of a paid order again is told that it is paid, and pays nothing.
    func paidPage(_ order: OrderView, _ address: OrderAddress, _ reader: Reader) -> Response {
        let paidAt = order.settlement.map { reader.timeText($0.time.instant) }
        return shell.response(
            Page(
                "shop/order-paid",
                [
                    "order": values(order, reader),
                    "refusal": RefusalText.paidBefore(paidAt).values(),
                    "facts": [
                        [
                            "label": "Transaction", "value": order.transaction.text,
                            "code": true,
                        ] as [String: Any]
                    ],
                    "actions": [
                        "links": [
                            ["label": "Open the receipt", "href": address.receipt, "primary": true]
                                as [String: Any]
                        ]
                    ],
                ]
            )
        )
    }
}

extension OrderView {
    /// Whether the order page is over.
    fileprivate func terms(areStaleAt now: Instant) -> Bool {
        madeAt.adding(PurchaseLimits.orderTime) < now
    }
}
