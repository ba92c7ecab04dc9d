// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import SecurityModule
import Wire

/// One command on one opened card: the applet of the virtual card, inside the module.
struct CardSession {
    var record: CardRecord
    let revision: UInt64
    let dialogue: CardDialogue?
    let context: CardContext
    let module: SoftwareModule

    mutating func answer(_ command: PurseCommand) throws(ModuleFailure) -> CardStep {
        switch command {
        case .select(let application): select(application)
        case .getBalance(let purse): getBalance(purse)
        case .initializePurchase(let request): try begin(request)
        case .debit(let command): try debit(command)
        case .initializeLoad(let request): try initialize(request)
        case .credit(let command): try credit(command)
        case .recover(let command): try recover(command)
        case .getPreviousSignature(let number): previousSignature(number)
        case .getData: CardStep(ResponseAPDU(status: .notFound), dialogue: dialogue)
        }
    }

    // MARK: Reading

    private func select(_ application: [UInt8]) -> CardStep {
        guard application == PurseCommand.application else { return CardStep(.unknownApplication) }
        let card = record.card
        let answer = SelectAnswer(
            card: card.identifier,
            expiry: card.expiry,
            algorithm: card.algorithm,
            purchaseKeyVersion: card.purchaseKeyVersion,
            loadKeyVersion: card.loadKeyVersion
        )
        return CardStep(ResponseAPDU(data: answer.bytes, status: .done))
    }

    private func getBalance(_ purse: UInt8) -> CardStep {
        guard Int(purse) < record.card.purses.count else {
            return CardStep(ResponseAPDU(status: .noSuchPurse), dialogue: dialogue)
        }
        let answer = record.card.purses[Int(purse)].balanceAnswer
        return CardStep(ResponseAPDU(data: answer.bytes, status: .done), dialogue: dialogue)
    }

    /// GET PREVIOUS SIGNATURE: the answer data of the debit or credit with that number, also of the
    /// last one that was declined.
    private func previousSignature(_ number: UInt32) -> CardStep {
        let data: [UInt8]? =
            switch context.evidence?.event {
            case .debit(let debit) where debit.answer.number == number: debit.answer.bytes
            case .load(_, _, _, let answer) where answer.number == number: answer.bytes
            default: record.declined(number)
            }
        guard let data else {
            return CardStep(ResponseAPDU(status: .noSuchSignature), dialogue: dialogue)
        }
        return CardStep(ResponseAPDU(data: data, status: .done), dialogue: dialogue)
    }

    // MARK: Purchase

    private mutating func begin(
        _ request: InitializePurchase
    ) throws(ModuleFailure) -> CardStep {
        let step = try initialize(request)
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.numberConsumedEarly), step.dialogue != nil {
                record.card.consumeNumberEarly()
                let next = try module.seal(record, revision: revision + 1)
                return CardStep(
                    step.response,
                    dialogue: step.dialogue,
                    change: CardChange(card: next, row: nil)
                )
            }
        #endif
        return step
    }

    private func initialize(_ request: InitializePurchase) throws(ModuleFailure) -> CardStep {
        let card = record.card
        guard request.type != .load else { return CardStep(.wrongParameters) }
        let time = CardTime(context.now)
        if module.hasEnded(card.purchaseKeyVersion, of: card.identifier, at: time) {
            throw .keyEnded
        }
        if let refusal = card.refusal(
            toBegin: request.type,
            request.amount,
            at: CardTime(context.now)
        ) {
            return CardStep(refusal.status)
        }
        guard let number = card.nextNumber else { return CardStep(.numbersUsedUp) }
        let amount = request.amount
        let answer = InitializePurchaseAnswer(
            card: card.identifier,
            expiry: card.expiry,
            algorithm: card.algorithm,
            purchaseKeyVersion: card.purchaseKeyVersion,
            authenticationMode: card.authenticationMode,
            balance: Money(
                minorUnits: card.balance(amount.currency, amount.exponent),
                currency: amount.currency,
                exponent: amount.exponent
            ),
            number: number,
            random: context.random
        )
        return CardStep(
            ResponseAPDU(data: answer.bytes, status: .done),
            dialogue: .purchase(
                request,
                number: number,
                random: context.random,
                spending: request.type == .purchase ? card.spending : nil,
                memberships: request.type == .purchase ? card.memberships : []
            )
        )
    }

    /// The number of a purchase that was begun and that no other has overtaken.
    private var dialogueNumber: UInt32? {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.numberConsumedEarly) { return record.card.lastNumber }
        #endif
        return record.card.nextNumber
    }

    /// DEBIT IEP (FIG. 11B, step 618): checks S2, asks the limits, debits, makes S3 and S6.
    private mutating func debit(_ command: DebitIEP) throws(ModuleFailure) -> CardStep {
        guard case .purchase(let request, let number, let random, _, _) = dialogue,
            number == dialogueNumber
        else { return CardStep(.conditionsNotSatisfied) }
        let card = record.card.identifier
        let keys = try module.keys(of: card, version: record.card.purchaseKeyVersion)
        let scope = PurchaseScope(
            type: request.type,
            card: card,
            number: number,
            command: command
        )
        let session = PurchaseSessionKey(
            cardKey: keys.purchaseKey(card),
            number: number,
            random: random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
        guard session.securityCardSignature(scope) == command.signature else {
            return try wrongSignature()
        }
        guard command.amount == request.amount else { return CardStep(.conditionsNotSatisfied) }
        // Points may have expired since INITIALIZE.
        if request.type == .purchase,
            record.card.holdsDuePoints(command.amount, at: CardTime(context.now))
        {
            return CardStep(.conditionsNotSatisfied)
        }
        let (decision, points) = decide(command, request.type)
        let answer = answer(decision.completion, scope, session, keys.proofKey(card))
        guard decision.completion == .done else {
            return try declined(answer.bytes, decision.refusal)
        }
        let evidence = DebitEvidence(
            type: request.type,
            random: random,
            expiry: record.card.expiry,
            purchaseKeyVersion: record.card.purchaseKeyVersion,
            command: command,
            answer: answer,
            exception: decision.exception,
            points: module.taken(points, by: card, number: number, command.transaction)
        )
        leaveTaken(evidence)
        return CardStep(
            ResponseAPDU(data: answer.bytes, status: .done),
            change: try change(.debit(evidence))
        )
    }

    /// S3 over the balance that the card has now, and S6 where it debited.
    private func answer(
        _ completion: CompletionCode,
        _ scope: PurchaseScope,
        _ session: PurchaseSessionKey,
        _ proofKey: CMACKey
    ) -> DebitAnswer {
        let amount = scope.command.amount
        let balance = record.card.balance(amount.currency, amount.exponent)
        return DebitAnswer(
            completion: completion,
            number: scope.number,
            balance: balance,
            signature: session.cardSignature(scope, completion: completion, balance: balance),
            issuerProof: completion == .done
                ? scope.issuerProof(
                    expiry: record.card.expiry,
                    balance: balance,
                    key: proofKey
                )
                : .none
        )
    }

    /// Debits where nothing speaks against it, and counts it against the limits.
    ///
    /// - Returns: what the card decides, and which points it took.
    private mutating func decide(
        _ command: DebitIEP,
        _ type: TransactionType
    ) -> (DebitDecision, [PointsTranche]) {
        let request = SpendingRequest(
            amount: command.amount,
            merchant: command.merchant,
            category: context.category
        )
        let decision = record.card.decision(
            on: request,
            type,
            at: command.time,
            now: context.now
        )
        guard decision.completion == .done else { return (decision, []) }
        let points = record.card.debit(command.amount)
        record.card.count(command.amount, decision, at: context.now)
        return (decision, points)
    }

    private mutating func leaveTaken(_ evidence: DebitEvidence) {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.trancheSpentTwiceOnCard), let points = evidence.points {
                record.card.keep(points.tranches.all, of: evidence.command.amount, at: context.now)
            }
        #endif
    }

    /// RECOVER VALUE: puts back what a debit took, once, where the security card proves that it
    /// will never count it.
    private mutating func recover(_ command: RecoverValue) throws(ModuleFailure) -> CardStep {
        guard case .debit(let evidence) = context.evidence?.event,
            evidence.isNamed(by: command)
        else { return CardStep(ResponseAPDU(status: .noSuchSignature), dialogue: dialogue) }
        let keys = try module.keys(
            of: record.card.identifier,
            version: evidence.purchaseKeyVersion
        )
        let check = DebitCheck(evidence, of: record.card.identifier, keys)
        // The evidence is what this card signed and nothing else.
        guard check.isProven, module.isProven(evidence, of: record.card.identifier) else {
            throw .sealBroken
        }
        // A wrong SV changes nothing and is not counted: it is sent again and again while a draw is
        // open, and a payment server must not be able to block a card with it.
        guard check.voidProof == command.voidProof else {
            return CardStep(ResponseAPDU(status: .signatureWrong), dialogue: dialogue)
        }
        guard mayRecover(command.number) else {
            return CardStep(ResponseAPDU(status: .conditionsNotSatisfied), dialogue: dialogue)
        }
        record.card.recover(
            evidence.command.amount,
            evidence.points?.tranches.all ?? [],
            at: context.now
        )
        if evidence.type == .purchase {
            record.card.giveBack(evidence.command.amount, transaction: command.number)
        }
        record.noteRecovery(command.number)
        let amount = evidence.command.amount
        let recovered = RecoverAnswer(
            completion: .done,
            number: command.number,
            balance: record.card.balance(amount.currency, amount.exponent)
        )
        return CardStep(
            ResponseAPDU(data: recovered.bytes, status: .done),
            dialogue: nil,
            change: try change(
                .recovery(amount.currency, amount.exponent, command, recovered)
            )
        )
    }

    private func mayRecover(_ number: UInt32) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.recoveredTwice) { return true }
        #endif
        return record.mayRecover(number)
    }

    // MARK: Load

    private func initialize(_ request: InitializeLoad) throws(ModuleFailure) -> CardStep {
        let card = record.card
        if card.isBlocked { return CardStep(.conditionsNotSatisfied) }
        guard let index = card.purseIndex(request.amount.currency, request.amount.exponent) else {
            return CardStep(.notFound)
        }
        guard let number = card.nextNumber else { return CardStep(.numbersUsedUp) }
        let purse = card.purses[index].balanceAnswer
        func answer(_ signature: Signature) -> InitializeLoadAnswer {
            InitializeLoadAnswer(
                card: card.identifier,
                expiry: card.expiry,
                algorithm: card.algorithm,
                loadKeyVersion: card.loadKeyVersion,
                balance: purse.balance,
                balanceMax: purse.balanceMax,
                number: number,
                random: context.random,
                signature: signature
            )
        }
        let key = try module.keys(of: card.identifier, version: card.loadKeyVersion)
            .loadKey(card.identifier)
        let signed = answer(LoadSignatures.request(request, answer(.none), key: key))
        return CardStep(
            ResponseAPDU(data: signed.bytes, status: .done),
            dialogue: .load(request, signed)
        )
    }

    /// CREDIT IEP (FIG. 18B, step 881): checks S2, credits, makes S3.
    private mutating func credit(_ command: CreditIEP) throws(ModuleFailure) -> CardStep {
        guard case .load(let request, let initialized) = dialogue,
            initialized.number == record.card.nextNumber
        else { return CardStep(.conditionsNotSatisfied) }
        let card = record.card.identifier
        let keys = try module.keys(of: card, version: record.card.loadKeyVersion)
        let expected = LoadSignatures.credit(
            request,
            initialized,
            completion: command.completion,
            key: keys.loadKey(card)
        )
        guard expected == command.signature else { return try wrongSignature() }
        guard command.transaction == request.transaction,
            command.minorUnits == request.amount.minorUnits
        else { return CardStep(.conditionsNotSatisfied) }
        var completion = command.completion
        if completion == .done {
            completion = record.card.completion(
                ofLoad: request.amount,
                from: request.bank,
                at: request.time,
                now: CardTime(context.now)
            )
        }
        if completion == .done { record.card.credit(request.amount, from: request.bank) }
        let balance = record.card.balance(request.amount.currency, request.amount.exponent)
        let answer = CreditAnswer(
            completion: completion,
            number: initialized.number,
            balance: balance,
            signature: LoadSignatures.completion(
                request,
                card: card,
                number: initialized.number,
                completion: completion,
                balance: balance,
                key: keys.completionKey(card)
            )
        )
        guard completion == .done else { return try declined(answer.bytes) }
        return CardStep(
            ResponseAPDU(data: answer.bytes, status: .done),
            change: try change(.load(request, initialized, command, answer))
        )
    }

    // MARK: Changes

    /// Makes a setting. A policy must be one for the card's money.
    mutating func set(
        _ setting: CardSetting,
        by who: String
    ) throws(ModuleFailure) -> Result<CardChange, SettingRefusal> {
        switch setting {
        case .blocked(true): record.card.block()
        case .blocked(false): record.card.unblock()
        case .policy(let policy):
            if let refusal = record.card.refusal(ofSetting: policy) { return .failure(refusal) }
            record.card.set(policy, at: context.now)
        case .membership(let membership, let exponent, let balanceMax):
            if let refusal = record.card.refusal(
                ofEntering: membership,
                exponent,
                opensPurse: balanceMax != nil
            ) {
                return .failure(refusal)
            }
            record.card.enter(membership, exponent, balanceMax: balanceMax)
        }
        return .success(try change(.setting(setting, by: who)))
    }

    /// A declined answer changes nothing but that it can be asked for again.
    private mutating func declined(
        _ answer: [UInt8],
        _ refusal: SpendingRefusal? = nil
    ) throws(ModuleFailure) -> CardStep {
        record.decline(answer)
        let next = try module.seal(record, revision: revision + 1)
        return CardStep(
            ResponseAPDU(data: answer, status: .done),
            change: CardChange(card: next, row: nil),
            refusal: refusal
        )
    }

    /// A wrong signature changes nothing but its count, and ends the dialogue.
    private mutating func wrongSignature() throws(ModuleFailure) -> CardStep {
        record.card.countWrongSignature()
        let next = try module.seal(record, revision: revision + 1)
        return CardStep(.signatureWrong, change: CardChange(card: next, row: nil))
    }

    mutating func change(
        _ event: CardHistoryEntry.Event
    ) throws(ModuleFailure) -> CardChange {
        switch event {
        case .debit, .load: record.forgetDeclined()
        case .recovery, .setting, .moved, .expired, .swept: break
        }
        let entry = CardHistoryEntry(moment: context.now, event: event, note: context.note)
        let row = RecordSealer.chain(
            entry.bytes,
            stream: record.card.identifier.bytes,
            number: record.card.historyCount + 1,
            previous: record.card.historyHash
        )
        record.card.append(historyHash: row.hash)
        return CardChange(card: try module.seal(record, revision: revision + 1), row: row)
    }
}

extension InitializeRefusal {
    /// The status word that says it.
    var status: StatusWord {
        switch self {
        case .blocked, .proofWithAmount, .pointsExpired: .conditionsNotSatisfied
        case .noSuchPurse: .notFound
        case .numbersUsedUp: .numbersUsedUp
        case .amountAboveBalance: .amountAboveBalance
        }
    }
}
