// SPDX-License-Identifier: Apache-2.0

package import Metrics
package import Wire

/// Words for messages on links, for labels: few, and never anything of their contents.
package struct MessageWords: Sendable {
    package let request: @Sendable ([UInt8]) -> String
    /// How it was answered: done, or the reason of a refusal.
    package let answer: @Sendable ([UInt8]) -> String

    package init(
        request: @escaping @Sendable ([UInt8]) -> String,
        answer: @escaping @Sendable ([UInt8]) -> String
    ) {
        self.request = request
        self.answer = answer
    }
}

/// A service that counts and measures what it is asked.
package struct MeteredService: LinkService {
    private let inner: any LinkService
    private let party: String
    private let words: MessageWords
    private let factory: any MetricsFactory

    package init(
        _ inner: any LinkService,
        of party: String,
        _ words: MessageWords,
        factory: any MetricsFactory
    ) {
        self.inner = inner
        self.party = party
        self.words = words
        self.factory = factory
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        let began = ContinuousClock.now
        let answer = await inner.answer(request, from: peer)
        let names = [("party", party), ("message", words.request(request))]
        Counter(
            label: "opal_messages",
            dimensions: names + [("outcome", words.answer(answer))],
            factory: factory
        ).increment()
        Timer(label: "opal_message_seconds", dimensions: names, factory: factory)
            .record(duration: began.duration(to: .now))
        return answer
    }
}
