// SPDX-License-Identifier: Apache-2.0

import Records

/// The store of a server that does something slowly: before its first look at a record of a kind,
/// or its first write of one, other things happen elsewhere.
struct InterruptedStore: RecordStoreLayer {
    enum Moment: CaseIterable, Sendable {
        case read
        case write
    }

    let inner: any RecordStore
    private let kind: RecordKind
    private let moment: Moment
    private let meanwhile: OneTime

    init(
        _ inner: any RecordStore,
        before moment: Moment,
        of kind: RecordKind,
        _ meanwhile: @escaping @Sendable () async -> Void
    ) {
        self.inner = inner
        self.kind = kind
        self.moment = moment
        self.meanwhile = OneTime(meanwhile)
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        if moment == .write, transition.writes.contains(where: { $0.key.kind == kind }) {
            await meanwhile.happen()
        }
        return try await inner.commit(transition)
    }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        if moment == .read, key.kind == kind { await meanwhile.happen() }
        return try await inner.read(key)
    }
}
