// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

extension FundingDecline {
    /// What a person may know of a response code (`docs/messages/gateway.md`).
    init(_ response: NetworkResponse) {
        self =
            switch response.code {
            case "14": .accountUnknown
            case "41", "43", "62": .accountRestricted
            case "51": .insufficientFunds
            case "54": .accountExpired
            case "57", "58": .notPermitted
            case "61", "65": .limitExceeded
            case "91", "96": .issuerUnavailable
            default: .declined
            }
    }
}
