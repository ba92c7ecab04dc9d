// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

@Suite struct PurseElementTests {
    /// A message with its length in the profile, and how it is read again.
    struct Form: Sendable {
        let name: String
        let length: Int
        let make: @Sendable (inout Samples) throws -> [UInt8]
        /// Reads the bytes and writes them again.
        let again: @Sendable ([UInt8]) throws(WireFailure) -> [UInt8]
    }

    static let forms: [Form] = [
        Form(name: "INITIALIZE for purchase", length: 12) {
            try $0.initializePurchase().bytes
        } again: { bytes throws(WireFailure) in
            try InitializePurchase(bytes).bytes
        },
        Form(name: "its answer", length: 37) {
            try $0.initializePurchaseAnswer().bytes
        } again: { bytes throws(WireFailure) in
            try InitializePurchaseAnswer(bytes).bytes
        },
        Form(name: "DEBIT IEP", length: 69) {
            try $0.debit().bytes
        } again: { bytes throws(WireFailure) in
            try DebitIEP(bytes).bytes
        },
        Form(name: "its answer", length: 30) {
            try $0.debitAnswer().bytes
        } again: { bytes throws(WireFailure) in
            try DebitAnswer(bytes).bytes
        },
        Form(name: "INITIALIZE for load", length: 43) {
            try $0.initializeLoad().bytes
        } again: { bytes throws(WireFailure) in
            try InitializeLoad(bytes).bytes
        },
        Form(name: "its answer", length: 52) {
            try $0.initializeLoadAnswer().bytes
        } again: { bytes throws(WireFailure) in
            try InitializeLoadAnswer(bytes).bytes
        },
        Form(name: "CREDIT IEP", length: 34) {
            try $0.credit().bytes
        } again: { bytes throws(WireFailure) in
            try CreditIEP(bytes).bytes
        },
        Form(name: "its answer", length: 22) {
            try $0.creditAnswer().bytes
        } again: { bytes throws(WireFailure) in
            try CreditAnswer(bytes).bytes
        },
        Form(name: "RECOVER VALUE", length: 48) {
            $0.recover().bytes
        } again: { bytes throws(WireFailure) in
            try RecoverValue(bytes).bytes
        },
        Form(name: "its answer", length: 14) {
            try $0.recoverAnswer().bytes
        } again: { bytes throws(WireFailure) in
            try RecoverAnswer(bytes).bytes
        },
        Form(name: "GET BALANCE, answer", length: 19) {
            BalanceAnswer(balance: try $0.money(), balanceMax: $0.random.next()).bytes
        } again: { bytes throws(WireFailure) in
            try BalanceAnswer(bytes).bytes
        },
        Form(name: "Debit Result C", length: 29) {
            try $0.result().bytes
        } again: { bytes throws(WireFailure) in
            try CardDebitResult(bytes).bytes
        },
    ]

    @Test(arguments: forms.indices)
    func `each message has the length of the profile and is read as it was written`(
        index: Int
    ) throws {
        let form = Self.forms[index]
        var samples = Samples(UInt64(index))
        for _ in 0..<200 {
            let bytes = try form.make(&samples)
            #expect(bytes.count == form.length, "\(form.name)")
            #expect(try form.again(bytes) == bytes, "\(form.name)")
        }
    }

    @Test(arguments: forms.indices)
    func `each truncation and one byte more is a failure with a path`(index: Int) throws {
        let form = Self.forms[index]
        var samples = Samples(UInt64(index))
        let bytes = try form.make(&samples)
        for count in 0..<bytes.count {
            let failure = #expect(throws: WireFailure.self) {
                try form.again(Array(bytes[..<count]))
            }
            #expect(failure?.problem == .truncated)
            #expect(failure?.path.contains(": ") == true)
        }
        let failure = #expect(throws: WireFailure.self) { try form.again(bytes + [0]) }
        #expect(failure?.problem == .tooLong)
        #expect(failure?.path.hasSuffix(": end") == true)
    }

    @Test(arguments: forms.indices)
    func `damaged bytes are another value or a failure, and never a trap`(index: Int) throws {
        let form = Self.forms[index]
        var samples = Samples(UInt64(index) + 100)
        for _ in 0..<2_000 {
            let bytes = try form.make(&samples)
            let damaged = samples.random.damaged(bytes)
            guard let again = try? form.again(damaged) else { continue }
            #expect(again == damaged, "\(form.name) has two forms of one value")
        }
    }

    @Test func `an element that cannot be is named`() throws {
        var samples = Samples(1)
        let good = try samples.debit().bytes
        let table: [(Int, UInt8, String)] = [
            (28, 0x1F, "MERCH"), (28, 0x20, "MERCH"), (43, 0xAA, "DTHR"), (45, 0x13, "DTHR"),
            (50, 0x0A, "CURR"), (52, 0x07, "CEXP"),
        ]
        for (position, byte, field) in table {
            var bytes = good
            bytes[position] = byte
            #expect(throws: WireFailure(path: "DEBIT IEP: \(field)", problem: .invalid)) {
                try DebitIEP(bytes)
            }
        }
    }

    @Test func `a debit gets the merchant's own terms back and keeps the rest`() throws {
        var samples = Samples(2)
        let debit = try samples.debit()
        let terms = OrderTerms(
            transaction: TransactionIdentifier(high: 7, low: 8),
            merchant: debit.merchant,
            amount: try samples.money(),
            policy: .securityCard,
            madeAt: Instant(milliseconds: 0),
            statusURL: "https://shop.example/status"
        )
        let restored = debit.restoring(terms)
        #expect(restored.amount == terms.amount && restored.transaction == terms.transaction)
        #expect(restored.securityCard == debit.securityCard && restored.time == debit.time)
        #expect(restored.securityCardNumber == debit.securityCardNumber)
        #expect(restored.signature == debit.signature)
    }

    @Test func `a failure tells the place and never a value`() {
        let failure = WireFailure(path: "DEBIT IEP: DTHR", problem: .invalid)
        #expect(String(describing: failure) == "DEBIT IEP: DTHR is invalid")
    }
}

@Suite struct PurseCommandTests {
    private static func commands() throws -> [(PurseCommand, [UInt8])] {
        var samples = Samples(3)
        return [
            (.select(application: PurseCommand.application), [0x00, 0xA4, 0x04, 0x00]),
            (.getBalance(purse: 2), [0x80, 0x5C, 0x00, 0x02]),
            (.initializePurchase(try samples.initializePurchase()), [0x80, 0x50, 0x01, 0x00]),
            (.debit(try samples.debit()), [0x80, 0x54, 0x01, 0x00]),
            (.initializeLoad(try samples.initializeLoad()), [0x80, 0x50, 0x00, 0x00]),
            (.credit(try samples.credit()), [0x80, 0x52, 0x00, 0x00]),
            (.recover(samples.recover()), [0x80, 0x52, 0x01, 0x00]),
            (.getPreviousSignature(number: 0x0102_0304), [0x80, 0x5A, 0x00, 0x00]),
            (.getData(tag: PurseCommand.cardCertificateTag), [0x80, 0xCA, 0x7F, 0x21]),
            (.getData(tag: PurseCommand.issuerCertificateTag), [0x80, 0xCA, 0x7F, 0x22]),
        ]
    }

    @Test func `each command has the header of the profile and is understood again`() throws {
        for (command, header) in try Self.commands() {
            let bytes = command.apdu.bytes
            #expect(Array(bytes.prefix(4)) == header)
            #expect(try PurseCommand(CommandAPDU(bytes)) == command)
        }
        #expect(Hex.text(PurseCommand.application) == "f04f50414c31")
    }

    @Test func `the class is checked before the instruction`() {
        for cla in UInt8.min...UInt8.max where cla != 0x00 && cla != 0x80 {
            #expect(throws: StatusWord.unknownClass) {
                try PurseCommand(CommandAPDU(cla: cla, ins: 0x50, p1: 9, p2: 9))
            }
        }
    }

    @Test func `the instruction is checked before the parameters`() {
        let known: [UInt8: Set<UInt8>] = [
            0x00: [0xA4], 0x80: [0x50, 0x52, 0x54, 0x5A, 0x5C, 0xCA],
        ]
        for (cla, instructions) in known {
            for ins in UInt8.min...UInt8.max where !instructions.contains(ins) {
                #expect(throws: StatusWord.unknownInstruction) {
                    try PurseCommand(CommandAPDU(cla: cla, ins: ins, p1: 9, p2: 9))
                }
            }
        }
    }

    @Test(
        arguments: [
            (0x00, 0xA4, 0x00, 0x00), (0x00, 0xA4, 0x04, 0x01), (0x80, 0x5C, 0x01, 0x00),
            (0x80, 0x5A, 0x01, 0x00), (0x80, 0x5A, 0x00, 0x01), (0x80, 0x50, 0x02, 0x00),
            (0x80, 0x50, 0x01, 0x01), (0x80, 0x54, 0x00, 0x00), (0x80, 0x54, 0x01, 0x01),
            (0x80, 0x52, 0x02, 0x00), (0x80, 0x52, 0x00, 0x01),
        ] as [(UInt8, UInt8, UInt8, UInt8)]
    )
    func `the parameters are checked before the length`(
        cla: UInt8,
        ins: UInt8,
        p1: UInt8,
        p2: UInt8
    ) {
        #expect(throws: StatusWord.wrongParameters) {
            try PurseCommand(CommandAPDU(cla: cla, ins: ins, p1: p1, p2: p2, data: [1]))
        }
    }

    @Test func `the length is checked before the elements`() throws {
        for (command, _) in try Self.commands() {
            let apdu = command.apdu
            for count in [1, 3, 4, 11, 13, 17, 33, 35, 42, 44, 47, 49, 68, 70, 255]
            where count != apdu.data.count {
                // FF is neither a transaction type, nor a digit, nor a character.
                let data = [UInt8](repeating: 0xFF, count: count)
                if case .select = command, (5...16).contains(count) { continue }
                #expect(throws: StatusWord.wrongLength) {
                    try PurseCommand(
                        CommandAPDU(
                            cla: apdu.cla,
                            ins: apdu.ins,
                            p1: apdu.p1,
                            p2: apdu.p2,
                            data: data
                        )
                    )
                }
            }
        }
    }

    @Test func `an element that cannot be is answered with 6A86`() {
        #expect(throws: StatusWord.wrongParameters) {
            try PurseCommand(
                CommandAPDU(
                    cla: 0x80,
                    ins: 0x54,
                    p1: 1,
                    p2: 0,
                    data: [UInt8](repeating: 0xFF, count: 69)
                )
            )
        }
    }

    @Test func `any bytes are a command or a status word`() throws {
        var samples = Samples(4)
        let commands = try Self.commands().map(\.0.apdu.bytes)
        for _ in 0..<10_000 {
            let bytes = try #require(commands.randomElement(using: &samples.random))
            let damaged = samples.random.damaged(bytes)
            guard let apdu = try? CommandAPDU(damaged) else { continue }
            guard let command = try? PurseCommand(apdu) else { continue }
            #expect(command.apdu.data == apdu.data)
        }
    }
}
