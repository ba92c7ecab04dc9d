// SPDX-License-Identifier: Apache-2.0

package import OPALServer

/// What the pages need for value from the account on file: loads and standing orders. Where a site
/// has none of it, its pages say nothing of it.
package struct CardholderFunding: Sendable {
    package let loads: AccountLoads
    package let orders: StandingOrders

    package init(loads: AccountLoads, orders: StandingOrders) {
        self.loads = loads
        self.orders = orders
    }
}
