// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Merchant

// From the result to the benefit.
extension AirlineSite {
    /// How a redemption stands: asks the payment server where the result has not come, and brings
    /// the redemption to the end that its order has.
    func showRedemption(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let order: OrderView
        do throws(OrderFailure) {
            order = try await asked(address)
        } catch {
            guard let text = RefusalText(unanswered: error) else { throw SiteFailure(error) }
            let redemption = try await desk.redemption(address.transaction)
            return pending(redemption, text, address, request)
        }
        guard !order.isSignIn else { throw .notFound }
        let redemption = try await desk.finish(order, now: now())
        switch redemption.state {
        case .fulfilled:
            try await handOver(address)
            return receipt(redemption, order, address, request)
        case .reserved: return pending(redemption, .notHeardYet, address, request)
        case .released: return try await refused(redemption, order, request)
        }
    }

    /// Gives the file of a benefit.
    func download(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let address = try OrderAddress(request, context)
        let order = try await merchantStep { () async throws(OrderFailure) in
            try await desk.merchant.find(address.transaction, receiptKey: address.key)
        }
        guard !order.isSignIn else { throw .notFound }
        let redemption = try await desk.finish(order, now: now())
        guard redemption.state == .fulfilled,
            case .file(let name, let mediaType) = redemption.benefit.handout
        else { return SiteShell.seeOther(address.redemption) }
        guard let file = content.file(name) else {
            throw .broken(ShopSite.GoodsMissing(file: name))
        }
        try await handOver(address)
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: file))
        return .attachment(name, type: mediaType, body)
    }

    /// The merchant module notes the first time. What a member has redeemed can be looked at for
    /// ever: the shop's day for downloads does not end it.
    private func handOver(_ address: OrderAddress) async throws(SiteFailure) {
        do throws(OrderFailure) {
            _ = try await desk.merchant.deliver(
                address.transaction,
                receiptKey: address.key,
                now: now()
            )
        } catch .downloadOver { return } catch { throw SiteFailure(error) }
    }

    // MARK: Pages

    private func receipt(
        _ redemption: BenefitRedemption,
        _ order: OrderView,
        _ address: OrderAddress,
        _ request: Request
    ) -> Response {
        let reader = shell.wording.reader(request)
        var facts: [[String: Any]] = []
        let price = redemption.benefit.price
        if let points = price.points {
            let source = order.article.takes(points) ? "from your card" : "from your account"
            facts.append(["label": "Points taken", "value": "\(reader.amount(points)) \(source)"])
        }
        if let money = price.money {
            facts.append(["label": "Paid", "value": "\(reader.amount(money)) from your card"])
        }
        if let time = redemption.endedAt {
            facts.append(["label": "Time", "value": reader.timeText(time)])
        }
        facts.append(["label": "Transaction", "value": order.transaction.text, "code": true])
        var values: [String: Any] = [
            "order": self.values(redemption, reader), "facts": facts, "homeHref": "/",
        ]
        switch redemption.benefit.handout {
        case .voucher: values["voucher"] = redemption.voucher?.reveal()
        case .file(let name, _):
            values["download"] = ["href": address.file, "label": "Download \(name)"]
        }
        return response("airline/redemption", values, request, visitor(request))
    }

    private func pending(
        _ redemption: BenefitRedemption,
        _ text: RefusalText,
        _ address: OrderAddress,
        _ request: Request
    ) -> Response {
        let reader = shell.wording.reader(request)
        return response(
            "airline/waiting",
            [
                "title": "Being settled", "order": values(redemption, reader),
                "refusal": text.forPoints.values(), "selfHref": address.redemption,
                "refreshSeconds": AirlineLimits.refreshSeconds,
                "actions": ["links": [["label": "Back to the order", "href": address.order]]],
            ],
            request,
            visitor(request)
        )
    }

    private func refused(
        _ redemption: BenefitRedemption,
        _ order: OrderView,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        let reader = shell.wording.reader(request)
        var text: RefusalText
        if order.state == .unpaid {
            let amount = price(redemption.benefit.price, reader)
            text = RefusalText(unpaid: order.settlement, amount: amount).forPoints
            if order.isProof { text.money = RefusalText.nothingTaken }
        } else {
            text = try await desk.isOwn(order, redemption) ? .pointsGone : .anotherCard
        }
        return refused(
            "Not redeemed",
            text,
            request,
            status: .ok,
            reference: OrderNumber.text(order.transaction)
        )
    }
}
