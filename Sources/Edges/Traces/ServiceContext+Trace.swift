// SPDX-License-Identifier: Apache-2.0

package import Instrumentation

// What a task knows of the work that it does. It is in the context that the tracing libraries of
// Swift hand on, so that a party, which knows nothing of it, carries it from the message that it
// answers to those that it sends.
extension ServiceContext {
    private enum TraceKey: ServiceContextKey {
        typealias Value = TraceContext
    }

    private enum SubjectKey: ServiceContextKey {
        typealias Value = TraceSubject
    }

    private enum RoundKey: ServiceContextKey {
        typealias Value = TraceRound
    }

    package var trace: TraceContext? {
        get { self[TraceKey.self] }
        set { self[TraceKey.self] = newValue }
    }

    package var subject: TraceSubject? {
        get { self[SubjectKey.self] }
        set { self[SubjectKey.self] = newValue }
    }

    /// Set in the background alone.
    package var round: TraceRound? {
        get { self[RoundKey.self] }
        set { self[RoundKey.self] = newValue }
    }
}
