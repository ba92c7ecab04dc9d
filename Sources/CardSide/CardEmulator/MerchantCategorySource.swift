// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records

/// Who knows what merchants sell. DEBIT IEP names the merchant alone.
package protocol MerchantCategorySource: Sendable {
    /// - Returns: nil where the merchant is not known, or what is stored of it was changed by
    ///   somebody else: a card whose policy asks for categories does not pay it then.
    func category(of merchant: MerchantIdentifier) async throws(StoreFailure) -> MerchantCategory?
}
