// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct PolicyTests {
    @Test func `every place of comparison is found by its name`() {
        #expect(Set(ComparisonPolicy.allCases.map(\.name)).count == ComparisonPolicy.allCases.count)
        for policy in ComparisonPolicy.allCases {
            #expect(ComparisonPolicy(name: policy.name) == policy)
        }
        #expect(ComparisonPolicy(name: "nobody") == nil)
    }

    @Test func `only the security card holds its terminal until S3 is compared`() {
        let holding = ComparisonPolicy.allCases.filter { !$0.releasesTerminalEarly }
        #expect(holding == [.securityCard])
    }
}
