// SPDX-License-Identifier: Apache-2.0

package import Kernel
import SecurityModule
package import Wire

/// Guardians and their children: the link between them, and what a guardian may see. Every act of a
/// guardian on the card of a child begins with ``authorize(_:for:)``.
package struct Guardians: Sendable {
    let users: UserDirectory
    private let desk: CardDesk

    package init(users: UserDirectory, desk: CardDesk) {
        self.users = users
        self.desk = desk
    }

    /// A child as its guardian sees it.
    package struct Child: Equatable, Sendable {
        package let key: UserKey
        package let name: String
        package let openedAt: Instant
        /// Nil until the child has come for the first time, and where its record is damaged.
        package let card: CardIdentifier?
        /// Whether somebody changed the child's record. It stops that child alone.
        package let isDamaged: Bool
    }

    /// Whether somebody is the guardian of a child.
    ///
    /// - Returns: the card of the child, on which the guardian may act now.
    /// - Throws: `.notYourChild` for another's child, for who is no child, and for a child that
    ///   asks for itself.
    package func authorize(
        _ guardian: UserKey,
        for child: UserKey
    ) async throws(GuardianRefusal) -> CardIdentifier {
        let found: UserDirectory.Found?
        do throws(UserFailure) {
            found = try await users.read(child)
        } catch {
            throw .unavailable
        }
        guard let found, found.user.guardian == guardian else { throw .notYourChild }
        guard let card = found.user.card else { throw .noCardYet }
        return card
    }

    /// The children of a guardian, in the order in which their cards were opened. One that has not
    /// come is shown for as long as the mailed password works.
    package func children(
        of guardian: UserKey,
        at now: Instant
    ) async throws(GuardianRefusal) -> [Child] {
        do throws(UserFailure) {
            var children: [Child] = []
            for entry in try await users.guardianship(of: guardian).0.entries {
                let (card, isDamaged) = try await card(of: entry.child, guardian)
                guard card != nil || isDamaged || now < entry.waitsUntil else { continue }
                children.append(
                    Child(
                        key: entry.child,
                        name: entry.name,
                        openedAt: entry.openedAt,
                        card: card,
                        isDamaged: isDamaged
                    )
                )
            }
            return children
        } catch {
            throw .unavailable
        }
    }

    private func card(
        of child: UserKey,
        _ guardian: UserKey
    ) async throws(UserFailure) -> (CardIdentifier?, isDamaged: Bool) {
        do throws(UserFailure) {
            let found = try await users.read(child)
            return (found?.user.guardian == guardian ? found?.user.card : nil, false)
        } catch .module(.sealBroken), .damaged {
            return (nil, true)
        } catch {
            throw error
        }
    }

    /// The history of a child's card behind a row, oldest first.
    package func history(
        of child: UserKey,
        by guardian: UserKey,
        after number: UInt64,
        limit: Int
    ) async throws(GuardianRefusal) -> [(number: UInt64, entry: CardHistoryEntry)] {
        let card = try await authorize(guardian, for: child)
        do {
            return try await desk.history(card, after: number, limit: limit)
        } catch {
            throw .unavailable
        }
    }
}

/// Why a guardian may not act.
package enum GuardianRefusal: Error, CaseIterable, Sendable {
    case notYourChild
    /// The child has not come for the first time.
    case noCardYet
    /// It cannot be said now.
    case unavailable
}
