// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The calling end of the connection to the funding network. ISO 8583 has no frame that names a
/// request: the link recognises an answer by its ``ISOExchange``, and frames each message by its
/// length in two bytes.
///
/// What nobody waits for, an answer that came too late or a question of the network, goes to
/// ``FundingGateway/receive(_:)``.
package protocol FundingNetworkLink: Sendable {
    /// Sends a message and waits for its answer, at most ``GatewayLimits/answerTime``.
    ///
    /// `message`: the bytes without a frame.
    /// `exchange`: by what the answer is recognised.
    /// Throws `LinkFailure`. After any failure but `.notSent`, `.busy` and `.tooLarge` the network
    ///   may have seen the message.
    func request(_ message: [UInt8], _ exchange: ISOExchange) async throws(LinkFailure) -> [UInt8]
}
