// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation

/// Reads single settings, with errors that say what to do.
struct SettingsReader {
    private let reader: ConfigReader

    init(_ reader: ConfigReader) {
        self.reader = reader
    }

    func optionalText(_ key: ServerSettings.Key) -> String? {
        reader.string(forKey: ConfigKey(key.rawValue))
    }

    func text(_ key: ServerSettings.Key, _ usual: String) -> String {
        optionalText(key) ?? usual
    }

    func flag(_ key: ServerSettings.Key, _ usual: Bool) -> Bool {
        reader.bool(forKey: ConfigKey(key.rawValue)) ?? usual
    }

    func number(
        _ key: ServerSettings.Key,
        _ usual: Int,
        _ range: ClosedRange<Int>
    ) throws -> Int {
        let number = reader.int(forKey: ConfigKey(key.rawValue)) ?? usual
        guard range.contains(number) else {
            throw CommandFailure(
                "\(key.rawValue) must be a number from \(range.lowerBound) to "
                    + "\(range.upperBound)."
            )
        }
        return number
    }

    /// An amount in minor units.
    func amount(_ key: ServerSettings.Key, _ usual: UInt64) throws -> UInt64 {
        UInt64(try number(key, Int(usual), 0...1_000_000_000))
    }

    func port(_ key: ServerSettings.Key, _ usual: Int) throws -> Int {
        try number(key, usual, 1...65_535)
    }

    /// Nil where it is not set.
    func optionalPort(_ key: ServerSettings.Key) throws -> Int? {
        guard reader.int(forKey: ConfigKey(key.rawValue)) != nil else { return nil }
        return try port(key, 1)
    }

    func origin(_ key: ServerSettings.Key, _ usual: String) throws -> String {
        let origin = text(key, usual)
        guard let url = URL(string: origin), let scheme = url.scheme,
            ["http", "https"].contains(scheme), url.host != nil, url.path.isEmpty
        else {
            throw CommandFailure(
                "\(key.rawValue) must be an origin such as https://card.example, without a path."
            )
        }
        return origin
    }
}
