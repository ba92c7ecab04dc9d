// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

// What orders of both kinds are made and changed with.
extension StandingOrders {
    /// The purse that an order would load, with a minimum amount.
    func purse(
        of card: CardIdentifier,
        _ amount: Money
    ) async throws(StandingOrderRefusal) -> AccountLoads.BalanceRoom {
        let room: AccountLoads.BalanceRoom
        do throws(AccountLoadRefusal) {
            room = try loads.room(on: try await loads.usable(card), for: amount)
        } catch {
            switch error {
            case .currencyNotHeld: throw .currencyNotHeld
            case .storeUnavailable: throw .unavailable
            default: throw .cardNotUsable
            }
        }
        if amount.minorUnits < loads.settings.minimum { throw .belowMinimum }
        return room
    }

    /// Changes an order, whatever else happens to it at the same time, and tells who pays. What is
    /// ordered already, by a second click, is not ordered and not told again.
    func change<Order: StandingOrder>(
        _ key: RecordKey,
        of payer: UserKey,
        telling mail: (String) -> MailMessage,
        _ change: (Order?) -> Order
    ) async throws(StandingOrderRefusal) {
        do throws(UserFailure) {
            for _ in 0..<UserLimits.triesMax {
                let known = try await stored(Order.self, key)
                let next = change(known?.order)
                if known?.order == next { return }
                let email = try await users.read(payer)?.user.email
                if try await commit(
                    next,
                    expectedRevision: known?.revision ?? 0,
                    email.map(mail)
                ) != nil {
                    return
                }
            }
        } catch {
            throw .unavailable
        }
        throw .unavailable
    }

    /// Ends an order, if there is one.
    func end<Order: StandingOrder>(
        _ kind: Order.Type,
        _ key: RecordKey
    ) async throws(StandingOrderRefusal) {
        do throws(UserFailure) {
            for _ in 0..<UserLimits.triesMax {
                guard var known = try await stored(kind, key), known.order.isActive else { return }
                known.order.isActive = false
                if try await commit(known.order, expectedRevision: known.revision) != nil { return }
            }
        } catch {
            throw .unavailable
        }
        throw .unavailable
    }

    func asking<Value>(
        _ question: () async throws(UserFailure) -> Value
    ) async throws(StandingOrderRefusal) -> Value {
        do throws(UserFailure) {
            return try await question()
        } catch {
            throw .unavailable
        }
    }
}
