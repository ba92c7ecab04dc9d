// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import OPALServer
import Testing

@testable import opal

/// The file with which the operator says how the simulated network behaves.
@Suite(.timeLimit(.minutes(15))) struct NetworkBehaviourTests {
    private func write(_ text: String, _ scheme: FundedScheme) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: scheme.folder.networkBehaviours))
    }

    @Test func `a running network follows the file, and passes over one that is wrong`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try await scheme.running { running in
                try write("account 0010 decline 05\n", scheme)
                running.network.tick()
                #expect(try await running.load(5_00, scheme.folder) == .refused(.declined))
                try write("account 0010 fly\n", scheme)
                running.network.tick()
                #expect(try await running.load(5_00, scheme.folder) == .refused(.declined))
                try write("# as its books say\n", scheme)
                running.network.tick()
                guard case .loaded = try await running.load(5_00, scheme.folder) else {
                    Issue.record("it was not loaded")
                    return
                }
            }
        }
    }

    @Test func `with a wrong file a network does not start, and says which line it is`()
        async throws
    {
        try await FundedScheme.with { scheme in
            try write("# one\naccount 0010 fly\n", scheme)
            await #expect {
                try await scheme.running { _ in }
            } throws: { error in
                "\(error)".contains("line 2")
            }
        }
    }
}
