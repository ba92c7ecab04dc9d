// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// A file on its way into a folder. It gets its name when it is whole, and never the name of a
/// file that is there.
final class Download {
    private let folder: URL
    private var name = FileName(proposed: "")
    private var handle: FileHandle?
    private var partial: URL?

    init(folder: String) {
        self.folder = URL(fileURLWithPath: folder, isDirectory: true)
    }

    /// Makes the folder and a hidden file in it.
    func begin(_ name: FileName) throws(TerminalFailure) {
        self.name = name
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw .notSaved("\(folder.path) cannot be made.")
        }
        let path = folder.appendingPathComponent(".opal-\(UUID().uuidString).part")
        let descriptor = unsafe Foundation.open(
            path.path,
            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
            0o644
        )
        guard descriptor >= 0 else { throw .notSaved("Nothing can be written in \(folder.path).") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        partial = path
    }

    func write(_ piece: ByteBuffer) throws(TerminalFailure) {
        do {
            try handle?.write(contentsOf: Data(piece.readableBytesView))
        } catch {
            throw .notSaved("Writing in \(folder.path) failed.")
        }
    }

    /// Gives the file its name.
    ///
    /// - Parameter keepsSame: leaves a file of that name and the same bytes as it is.
    /// - Returns: the path of the file.
    /// - Throws: `.notSaved` if there is no room or no free name.
    func finish(keepsSame: Bool) throws(TerminalFailure) -> String {
        guard let partial, let handle else { throw .notSaved("There is no file.") }
        do {
            try handle.synchronize()
            try handle.close()
        } catch {
            throw .notSaved("Writing in \(folder.path) failed.")
        }
        defer { discard() }
        for number in 1...TerminalLimits.fileNamesMax {
            let path = folder.appendingPathComponent(name.numbered(number)).path
            // An empty file takes the name, if it is free; then the whole one takes its place.
            let place = unsafe Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if place >= 0 {
                close(place)
                guard unsafe rename(partial.path, path) == 0 else { break }
                return path
            }
            guard errno == EEXIST else { break }
            if keepsSame, FileManager.default.contentsEqual(atPath: partial.path, andPath: path) {
                return path
            }
        }
        throw .notSaved("\(name.text) cannot be saved in \(folder.path).")
    }

    /// Removes what is not whole.
    func discard() {
        try? handle?.close()
        handle = nil
        if let partial { try? FileManager.default.removeItem(at: partial) }
        partial = nil
    }
}
