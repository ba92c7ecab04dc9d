// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Takes an earn file that comes in pieces, and gives it when it is whole. It is kept in a file
/// without a name, so that nothing of it is left behind, whatever happens.
package struct EarnFileReceiver: Sendable {
    private let name: String
    private let handle: FileHandle
    private var scan = EarnFileScan()

    /// - Parameters:
    ///   - folder: where there is room for it.
    ///   - file: a name that no other file there has.
    ///   - name: as people call it.
    /// - Throws: `.unreadable`.
    package init(in folder: URL, as file: String, name: String) throws(EarnFileFailure) {
        self.name = name
        let path = folder.appendingPathComponent(file).path
        let files = FileManager.default
        // Member numbers are nobody else's business.
        guard
            files.createFile(
                atPath: path,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            ), let handle = FileHandle(forUpdatingAtPath: path)
        else { throw .unreadable }
        self.handle = handle
        do {
            try files.removeItem(atPath: path)
        } catch { throw .unreadable }
    }

    package mutating func add(_ piece: [UInt8]) throws(EarnFileFailure) {
        do {
            try handle.write(contentsOf: piece)
        } catch { throw .unreadable }
        scan.add(piece)
    }

    /// - Throws: `.empty`.
    package mutating func end() throws(EarnFileFailure) -> EarnFile {
        guard let result = scan.end() else { throw .empty }
        return EarnFile(handle, name: name, result)
    }
}
