// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
import NIOCore
import Synchronization
package import Wire

/// Where the payment server takes messages from client terminals with a card in a reader (FIG. 2):
/// `POST /messages` with the bytes of one party message, answered with the bytes of another one. It
/// has no page and no cookie; who may say what is decided by the service behind it.
///
/// The media type is one that no form of a page can send, so that no browser can be made to.
package struct ClientTerminalSite: Sendable {
    private let service: any LinkService
    private let clientAddress: ClientAddress
    private let now: @Sendable () -> Instant
    private let underWay = UnderWay(max: ClientTerminalLimits.inFlightMax)
    private let rate = RateLimit(
        countMax: ClientTerminalLimits.messagesPerAddress,
        window: ClientTerminalLimits.window,
        namesMax: ClientTerminalLimits.addressesMax
    )

    static let path = "/messages"
    static let mediaType = "application/octet-stream"

    /// `service`: what answers; it is told no name of the caller.
    /// `now`: asked once for each request.
    package init(
        service: any LinkService,
        clientAddress: ClientAddress,
        now: @escaping @Sendable () -> Instant
    ) {
        self.service = service
        self.clientAddress = clientAddress
        self.now = now
    }

    package func router() -> Router<SiteContext> {
        let router = Router(context: SiteContext.self)
        let site = self
        router.post("\(Self.path)") { request, context in await site.answer(request, context) }
        return router
    }

    private func answer(_ request: Request, _ context: SiteContext) async -> Response {
        guard request.headers[.contentType] == Self.mediaType else {
            return Self.empty(.unsupportedMediaType)
        }
        if rate.admit(clientAddress.of(request, context), at: now()) != nil {
            return Self.empty(.tooManyRequests)
        }
        guard underWay.begin() else { return Self.empty(.serviceUnavailable) }
        defer { underWay.end() }
        do throws(SiteFailure) {
            let bytes = try await Self.body(of: request)
            return Self.message(await service.answer(bytes, from: ""))
        } catch .tooLarge {
            return Self.empty(.contentTooLarge)
        } catch {
            return Self.empty(.badRequest)
        }
    }

    private static func body(of request: Request) async throws(SiteFailure) -> [UInt8] {
        let max = ClientTerminalLimits.messageBytesMax
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > max {
            throw .tooLarge
        }
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= max else { throw SiteFailure.tooLarge }
                bytes.append(contentsOf: part.readableBytesView)
            }
        } catch let failure as SiteFailure {
            throw failure
        } catch {
            throw .unavailable(error)
        }
        return bytes
    }

    private static func message(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private static func empty(_ status: HTTPResponse.Status) -> Response {
        Response(status: status, headers: [.cacheControl: "no-store"])
    }
}

/// The bounds of what client terminals may send.
package enum ClientTerminalLimits {
    /// A draw request has about 1 KiB, and the largest that a card with certificates can make has
    /// less than this.
    package static let messageBytesMax = 12 * 1024
    /// Messages worked on at once.
    package static let inFlightMax = 64
    /// Messages that one address sends within ``window``: a payment has two, and some that are
    /// sent again.
    package static let messagesPerAddress = 240
    package static let window = Duration.seconds(10 * 60)
    /// Addresses that are counted apart; all others share one count.
    package static let addressesMax = 20_000
}

/// Counts what is under way, up to a bound.
private final class UnderWay: Sendable {
    private let count = Mutex(0)
    private let max: Int

    init(max: Int) {
        self.max = max
    }

    func begin() -> Bool {
        count.withLock { count in
            guard count < max else { return false }
            count += 1
            return true
        }
    }

    func end() {
        count.withLock { $0 -= 1 }
    }
}
