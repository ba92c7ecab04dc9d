// SPDX-License-Identifier: Apache-2.0

/// What is asked for on the command line.
struct BenchArguments {
    enum Part: String, CaseIterable {
        case card
        case web
        case loads
        case policies
        case points
        case clearing
    }

    /// All of them where none is named.
    private(set) var parts: [Part] = []
    private(set) var clients: [Int] = []
    private(set) var isJSON = false
    private(set) var wantsHelp = false

    /// A word that is none of those that ``help`` lists.
    struct Unknown: Error {
        let word: String
    }

    init(_ words: [String]) throws(Unknown) {
        for word in words {
            if let part = Part(rawValue: word) {
                parts.append(part)
            } else if let count = Int(word), (1...Shoppers.count).contains(count) {
                clients.append(count)
            } else if word == "--json" {
                isJSON = true
            } else if ["--help", "-h", "help"].contains(word) {
                wantsHelp = true
            } else {
                throw Unknown(word: word)
            }
        }
        if parts.isEmpty { parts = Part.allCases }
        if clients.isEmpty { clients = [1, 8, 32] }
    }

    static let help = """
        usage: opal-bench [--json] [card] [web] [loads] [policies] [points] [clearing]
                          [clients …]

        Measures, always beside a bound in the same run; everything where no part is named.

          card      the card core: Initialize and Debit, beside the bare store
          web       consent to result, and order to article, beside a bare echo
          loads     loads through a bank and from an account, beside order to article
          policies  purchases by where S3 is compared, the payment server near and away
          points    an earn file of a million lines, beside the bare store
          clearing  a batch of a million sales, beside the bare store
          clients   for web and loads: numbers from 1 to \(Shoppers.count); 1 8 32 without them
          --json    one JSON object a line
          --help    this
        """
}
