// SPDX-License-Identifier: Apache-2.0

package import Records

/// Why a back-up was not made, or is not used. Paths are those inside the data folder or the
/// back-up; no text holds what is in a file.
package enum BackUpFailure: Error, Equatable, CustomStringConvertible {
    /// There is nothing to back up.
    case noData
    /// The back-up would lie in the folder that it is of, and would be in the next one.
    case insideData
    /// A database cannot be locked, read or copied.
    case database(path: String, StoreFailure)
    /// A file cannot be read.
    case unreadable(path: String)
    /// A file cannot be written: no room, or no right to.
    case unwritable(path: String)
    /// There is no such folder, or it holds neither a manifest nor its check.
    case notABackUp
    /// It was broken off while it was made: it has no manifest that is whole.
    case halfWritten
    /// The manifest is not what was written.
    case manifestChanged
    /// The manifest is of a form that this version does not read.
    case unknownForm
    /// A file is not what was written.
    case changed(path: String)
    /// A file of the manifest is not there.
    case missing(path: String)
    /// A file is there that the manifest does not have.
    case added(path: String)

    package var description: String {
        switch self {
        case .noData: "There are no data to back up."
        case .insideData: "The back-up would lie in the data folder. Choose another place."
        case .database(let path, let failure): "\(path): \(failure)"
        case .unreadable(let path): "\(path) cannot be read."
        case .unwritable(let path): "\(path) cannot be written: no room, or no right to."
        case .notABackUp: "This is no back-up: it has no manifest."
        case .halfWritten: "This back-up was broken off while it was made. Use another one."
        case .manifestChanged: "The manifest is not what was written: the back-up was changed."
        case .unknownForm: "The back-up is of a newer version of the program."
        case .changed(let path): "\(path) is not what was written: the back-up was changed."
        case .missing(let path): "\(path) is missing in the back-up."
        case .added(let path): "\(path) was put into the back-up afterwards."
        }
    }
}
