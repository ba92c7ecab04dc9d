// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel

extension SiteShell {
    /// A router with what each site has: headers, error pages, and the assets.
    package func router(random: any RandomSource) -> Router<SiteContext> {
        let router = Router(context: SiteContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders(isSecure: isSecure))
        router.add(middleware: ErrorPages(self, random: random))
        templates.assets.addRoutes(to: router)
        return router
    }
}
