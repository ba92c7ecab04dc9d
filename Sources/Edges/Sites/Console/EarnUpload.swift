// SPDX-License-Identifier: Apache-2.0

import EarnFiles
import Foundation

/// The body of the form with an earn file, as it comes: the token of the session, then the file.
/// Nothing of the file is kept before the token was right.
struct EarnUpload {
    private enum Part {
        case token
        case file
        case other
    }

    private let folder: URL
    private let fileName: String
    private let check: (String) throws(SiteFailure) -> Void
    private var part: Part?
    private var token: [UInt8] = []
    private var isChecked = false
    private var receiver: EarnFileReceiver?

    private static let tokenBytesMax = 256

    /// - Parameters:
    ///   - folder: where the file is kept.
    ///   - fileName: a name that no other file there has.
    ///   - check: throws where a token is not that of the session.
    init(
        in folder: URL,
        as fileName: String,
        check: @escaping (String) throws(SiteFailure) -> Void
    ) {
        self.folder = folder
        self.fileName = fileName
        self.check = check
    }

    mutating func take(_ event: MultipartReader.Event) throws(SiteFailure) {
        switch event {
        case .begin("csrf", _) where !isChecked: part = .token
        case .begin("file", let name?) where receiver == nil:
            guard isChecked else { throw .forbidden }
            part = .file
            // Some browsers send a whole path.
            let bare = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
            receiver = try Self.store { () throws(EarnFileFailure) in
                try EarnFileReceiver(in: folder, as: fileName, name: bare)
            }
        case .begin: part = .other
        case .content(let bytes):
            switch part {
            case .token:
                token += bytes
                guard token.count <= Self.tokenBytesMax else { throw .forbidden }
            case .file: try Self.store { () throws(EarnFileFailure) in try receiver?.add(bytes) }
            case .other, nil: break
            }
        case .end:
            if case .token = part {
                try check(String(decoding: token, as: UTF8.self))
                isChecked = true
            }
            part = nil
        }
    }

    /// - Returns: nil where no file was chosen, or an empty one.
    mutating func end() throws(SiteFailure) -> EarnFile? {
        guard isChecked else { throw .forbidden }
        do throws(EarnFileFailure) {
            return try receiver?.end()
        } catch .empty { return nil } catch { throw .unavailable(error) }
    }

    private static func store<Value>(
        _ step: () throws(EarnFileFailure) -> Value
    ) throws(SiteFailure) -> Value {
        do throws(EarnFileFailure) {
            return try step()
        } catch { throw .unavailable(error) }
    }
}
