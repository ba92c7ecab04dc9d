// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
import Logging

/// Turns whatever was thrown into a page. What is logged is the error's type and case and a
/// reference that the page shows, never what was in a form.
package struct ErrorPages: RouterMiddleware {
    package typealias Context = SiteContext

    private let shell: SiteShell
    private let random: any RandomSource

    package init(_ shell: SiteShell, random: any RandomSource) {
        self.shell = shell
        self.random = random
    }

    package func handle(
        _ request: Request,
        context: SiteContext,
        next: @concurrent (Request, SiteContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let failure as SiteFailure {
            return response(failure, request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return response(.notFound, request, context)
        } catch let error as HTTPError where error.status == .contentTooLarge {
            return response(.tooLarge, request, context)
        } catch {
            return response(.broken(error), request, context)
        }
    }

    private func response(
        _ failure: SiteFailure,
        _ request: Request,
        _ context: SiteContext
    ) -> Response {
        switch failure {
        case .notFound: return page("error-404", .notFound)
        case .badForm(let reason):
            context.logger.info("form refused", metadata: ["reason": "\(reason)"])
            return page("error-400", .badRequest)
        case .forbidden:
            context.logger.info("form without its token")
            return page("error-403", .forbidden)
        case .notAllowed: return page("error-role", .forbidden)
        case .tooLarge: return page("error-413", .contentTooLarge)
        case .tooMany(let until):
            var values: [String: Any] = [:]
            if let until { values["retryAt"] = shell.wording.reader(request).clock(until) }
            return page("error-429", .tooManyRequests, values)
        case .unavailable(let error):
            return broken(error, .serviceUnavailable, context)
        case .broken(let error):
            return broken(error, .internalServerError, context)
        }
    }

    private func broken(
        _ error: any Error,
        _ status: HTTPResponse.Status,
        _ context: SiteContext
    ) -> Response {
        let reference = Hex.text(random.bytes(SiteLimits.referenceBytes))
        context.logger.error(
            "request failed",
            metadata: [
                "reference": "\(reference)", "type": "\(type(of: error))",
                "error": "\(String(reflecting: error))",
            ]
        )
        return page("error-500", status, ["reference": reference])
    }

    private func page(
        _ name: String,
        _ status: HTTPResponse.Status,
        _ values: [String: Any] = [:]
    ) -> Response {
        var values = values
        if let money = shell.look.money { values["money"] = money }
        return shell.response(Page(name, values, status: status))
    }
}
