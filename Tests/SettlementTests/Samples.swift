// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import SettlementFiles
import Testing

/// What the tests make files of.
enum Samples {
    static let created = Instant(milliseconds: 1_790_000_000_123)

    static func day(_ dayOfMonth: Int) throws -> CivilDate {
        try #require(CivilDate(year: 2026, month: 9, dayOfMonth: dayOfMonth))
    }

    static func euro(_ cents: UInt64) throws -> FileAmount {
        try FileAmount(minorUnits: cents, currency: ISOCurrency(code: "EUR"))
    }

    static func house() throws -> PaymentParty {
        PaymentParty(
            name: try PartyName("OPAL Clearing"),
            account: .iban(try IBAN("DE89 3704 0044 0532 0130 00")),
            bank: try BIC("COBADEFFXXX")
        )
    }

    static func merchant(_ name: String = "Bäckerei Größe & Søn") throws -> PaymentParty {
        PaymentParty(
            name: try PartyName(name),
            account: .iban(try IBAN("GB29NWBK60161331926819")),
            bank: try BIC("NWBKGB2L")
        )
    }

    static func payment(
        _ endToEnd: String,
        _ amount: FileAmount,
        to creditor: PaymentParty? = nil,
        on dayOfMonth: Int = 21
    ) throws -> PaymentInstruction {
        try PaymentInstruction(
            endToEnd: FileIdentifier(endToEnd),
            amount: amount,
            debtor: house(),
            creditor: creditor ?? merchant(),
            remittance: RemittanceText("Sales of 2026-09-20 <A&B>"),
            executionDate: day(dayOfMonth)
        )
    }

    static func head(_ identifier: String) throws -> MessageHead {
        MessageHead(identifier: try FileIdentifier(identifier), created: created)
    }

    static func route() throws -> InterbankRoute {
        InterbankRoute(
            instructing: try BIC("COBADEFFXXX"),
            instructed: try BIC("NWBKGB2L"),
            method: .clearing,
            settlementDate: try day(21)
        )
    }

    static func accountHead(
        _ identifier: String,
        currency: String = "EUR"
    ) throws -> AccountReportHead {
        AccountReportHead(
            identifier: try FileIdentifier(identifier),
            sequenceNumber: 42,
            created: created,
            account: ReportedAccount(
                number: .other(try OtherAccount("ACQ-0001")),
                currency: try ISOCurrency(code: currency),
                owner: try PartyName("Αθήνα Acquiring"),
                servicer: try BIC("COBADEFFXXX")
            )
        )
    }

    static func entry(
        _ reference: String,
        _ amount: FileAmount,
        _ direction: Direction,
        endToEnd: String? = nil
    ) throws -> AccountEntry {
        try AccountEntry(
            reference: FileIdentifier(reference),
            amount: amount,
            direction: direction,
            bookingDate: day(20),
            valueDate: day(21),
            kind: FileIdentifier("PAYOUT"),
            endToEnd: endToEnd.map { try FileIdentifier($0) },
            counterparty: merchant(),
            remittance: RemittanceText("What it is for")
        )
    }
}
