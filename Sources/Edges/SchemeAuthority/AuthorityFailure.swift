// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials

/// What is wrong with a certificate, a key or the folder that holds them. The text says what to do;
/// no byte of a key is in it.
package enum AuthorityFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case missing(path: String)
    case alreadyThere(path: String)
    case notReadable(path: String)
    case notWritable(path: String)
    case keyReadableByOthers(path: String)
    case notACertificate(path: String)
    case notAKey(path: String)
    case keyOfAnother(path: String)
    case notOfThisAuthority(path: String)
    case notAnAuthority(path: String)
    case expired(path: String, since: Date)
    case notYetValid(path: String, until: Date)
    case badName(String)
    case badAddress(String)
    case badValidity
    case notMade

    package var description: String {
        switch self {
        case .missing(let path):
            "\(path) is missing: issue the certificate, or check the folder in the settings"
        case .alreadyThere(let path):
            "\(path) exists and is not overwritten: move it away if a new authority is wanted"
        case .notReadable(let path):
            "\(path) cannot be read: check its owner and its size"
        case .notWritable(let path):
            "\(path) cannot be written: check the owner and the space of its folder"
        case .keyReadableByOthers(let path):
            "\(path) holds a key and others may read it: run chmod 600 on it; if others had "
                + "access, "
                + "issue a new one"
        case .notACertificate(let path):
            "\(path) is not a certificate in PEM: issue it again or restore it"
        case .notAKey(let path):
            "\(path) is not a P-256 private key in PEM: issue it again or restore it"
        case .keyOfAnother(let path):
            "\(path) is the key of another certificate: issue both again or restore the pair"
        case .notOfThisAuthority(let path):
            "\(path) was issued by another authority than the one in its folder: issue it again"
        case .notAnAuthority(let path):
            "\(path) is not the certificate of an authority: restore the right file"
        case .expired(let path, let date):
            "\(path) is expired since \(date.formatted(.iso8601)): issue a new one"
        case .notYetValid(let path, let date):
            "\(path) is not valid before \(date.formatted(.iso8601)): check the clock"
        case .badName(let name):
            "'\(name)' cannot be a name: use letters, digits, hyphens and dots, at most 63 a part; "
                + "'ca' is taken, and no wildcards"
        case .badAddress(let address):
            "'\(address)' is not an IP address"
        case .badValidity:
            "the time of validity is shorter than a second or longer than 100 years: choose another"
        case .notMade:
            "the certificate could not be made"
        }
    }
}
