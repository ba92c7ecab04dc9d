// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

@Suite struct MemoryStoreTests {
    @Test(arguments: RecordStoreContract.rules)
    func `the memory store holds the contract`(_ rule: RecordStoreContract.Rule) async throws {
        try await rule.check(MemoryStore())
    }
}
