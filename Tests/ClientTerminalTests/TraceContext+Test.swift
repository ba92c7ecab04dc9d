// SPDX-License-Identifier: Apache-2.0

import Traces

extension TraceContext {
    /// The trace of every payment in these tests.
    static let test: TraceContext = {
        var random = SystemRandomNumberGenerator()
        return .begun(using: &random)
    }()
}
