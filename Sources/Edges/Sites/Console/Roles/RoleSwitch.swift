// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import Synchronization

/// Shows each operator the console of his role: one over the parts that he may see. Requests
/// without a session go on, to the sign-in.
struct RoleSwitch: RouterMiddleware {
    typealias Context = SiteContext

    let site: ConsoleSite
    /// The consoles of roles that were asked for.
    private let consoles = Consoles()

    private final class Consoles: Sendable {
        let known = Mutex<[OperatorRole: RouterResponder<SiteContext>]>([:])
    }

    init(_ site: ConsoleSite) {
        self.site = site
    }

    func handle(
        _ request: Request,
        context: SiteContext,
        next: @concurrent (Request, SiteContext) async throws -> Response
    ) async throws -> Response {
        guard let session = site.session(request) else { return try await next(request, context) }
        let role: OperatorRole?
        do throws(OperatorFailure) {
            role = try await site.operators.role(of: session.name)
        } catch {
            throw SiteFailure.unavailable(error)
        }
        guard let role else { throw SiteFailure.notAllowed }
        if role == .everything { return try await next(request, context) }
        return try await console(of: role).respond(to: request, context: context)
    }

    private func console(of role: OperatorRole) -> RouterResponder<SiteContext> {
        if let known = consoles.known.withLock({ $0[role] }) { return known }
        let responder = site.narrowed(to: role).pages().buildResponder()
        // There are as many roles as operators at the most.
        consoles.known.withLock { $0[role] = responder }
        return responder
    }
}
