// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

#if PLANTED_BUGS
    extension PaymentModule {
        /// Does a draw request once more whose answer is stored (``PlantedBug/drawnAgain``).
        func drawAgain(
            _ request: DrawRequest,
            over earlier: Stored,
            from peer: String
        ) async throws(Refusal) -> [UInt8] {
            guard let terminal = terminals.lease() else { throw .busy }
            defer { terminals.release(terminal) }
            let session = try await session(request)
            let draw = try await openDraw(request, session, from: peer)
            let drawn = try await ask { () async throws(ModuleFailure) in
                try await terminal.draw(draw, at: CardTime(now()))
            }
            var sale = SaleRecord(
                peer: peer,
                terminal: terminal.name,
                drawnAt: earlier.sale.drawnAt,
                request: request,
                draw: draw,
                command: drawn.command,
                expectedSignature: drawn.expectedSignature
            )
            (sale.rowCount, sale.rowHash) = (earlier.sale.rowCount, earlier.sale.rowHash)
            let reply = try await offer(sale, session)
            try await commit(
                &sale,
                revision: earlier.revision,
                reply: reply,
                steps: [SaleStep(.drawn, at: now(), drawn.command.bytes)],
                (terminal, drawn.memory)
            )
            held.withLock { _ = $0.removeValue(forKey: request.terms.transaction) }
            return reply
        }
    }
#endif
