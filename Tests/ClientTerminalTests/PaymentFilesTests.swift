// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Testing

@Suite struct PaymentFilesTests {
    private func folder() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-open-\(UUID().uuidString)/payments").path
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `what is open is read by its owner only, and is there until it is removed`() throws {
        let folder = folder()
        do {
            let files = try PaymentFiles(folder: folder)
            #expect(try files.names() == [])
            try files.write("a", [1, 2])
            try files.write("a", [1, 2, 3])
        }
        #expect(try mode(folder) == 0o700)
        #expect(try mode(folder + "/a.payment") == 0o600)
        let files = try PaymentFiles(folder: folder)
        #expect(try files.names() == ["a"])
        #expect(try files.read("a", bytesMax: 3) == [1, 2, 3])
        #expect(throws: TerminalFailure.self) { try files.read("a", bytesMax: 2) }
        try files.remove("a")
        try files.remove("a")
        #expect(try files.names() == [])
    }

    @Test func `two terminals do not have it at the same time`() throws {
        let folder = folder()
        let first = try PaymentFiles(folder: folder)
        #expect(throws: TerminalFailure.self) { try PaymentFiles(folder: folder) }
        #expect(try first.names() == [])
    }

    @Test func `it lies in the state folder of the user`() throws {
        #expect(
            try PaymentFiles.folder(in: ["XDG_STATE_HOME": "/s", "HOME": "/h"])
                == "/s/opal/payments"
        )
        #expect(
            try PaymentFiles.folder(in: ["XDG_STATE_HOME": "s", "HOME": "/h"])
                == "/h/.local/state/opal/payments"
        )
        #expect(throws: TerminalFailure.self) { try PaymentFiles.folder(in: [:]) }
    }
}
