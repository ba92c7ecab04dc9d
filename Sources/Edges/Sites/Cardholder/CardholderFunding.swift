// SPDX-License-Identifier: Apache-2.0

package import OPALServer

/// What the pages need for value from the account on file: loads, children, standing orders and
/// the successors of expired cards. Where a site has none of it, its pages say nothing of it.
package struct CardholderFunding: Sendable {
    package let loads: AccountLoads
    package let guardians: Guardians
    package let orders: StandingOrders
    package let succession: CardSuccession

    package init(
        loads: AccountLoads,
        guardians: Guardians,
        orders: StandingOrders,
        succession: CardSuccession
    ) {
        self.loads = loads
        self.guardians = guardians
        self.orders = orders
        self.succession = succession
    }
}
