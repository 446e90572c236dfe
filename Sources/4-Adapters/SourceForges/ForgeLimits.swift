// SPDX-License-Identifier: Apache-2.0

/// What a forge may send, and what is sent to it.
package enum ForgeLimits {
    /// GitHub and GitLab send no larger webhook.
    package static let webhookBytes = 25 << 20
    /// Secrets of one hook that are good at the same time: the present one and those that are being replaced.
    package static let secrets = 8
    /// How far the clock of a sender that signs its time may be off, in seconds (Standard Webhooks).
    package static let webhookAgeSeconds: Int64 = 300
    /// Bytes of a delivery's id; a longer one is replaced by a digest.
    package static let deliveryIDBytes = 200
    /// Events that one delivery can hold: labels that changed together, refs of one push.
    package static let eventsADelivery = 200
    /// GitHub and GitLab list so many commits of a push; with as many there may be more.
    package static let commitsListed = 20
    /// Paths that a push may list; with more they count as unknown.
    package static let changedPaths = 3_000
    /// Bytes of a ref's or a repository's name.
    package static let nameBytes = 1_024
    /// Refs of a remote that is polled.
    package static let refs = 100_000
    /// Events that one poll gives; the rest comes with the next.
    package static let eventsAPoll = 100
    /// GitHub takes no longer description of a status.
    package static let descriptionCharacters = 140
    /// The name of a status.
    package static let contextCharacters = 255
    /// The summary and the text of a check run.
    package static let outputCharacters = 65_535
    /// GitHub takes so many annotations a call.
    package static let annotationsACall = 50
    /// Annotations of one check run; the summary tells of the others.
    package static let annotations = 1_000
    /// Bytes of an annotation's message.
    package static let annotationMessageCharacters = 4_096
    /// How long to wait where a forge does not say, in seconds.
    package static let standardWaitSeconds: Int64 = 60
    /// A forge that asks for more time than this is asked again all the same, in seconds.
    package static let longestWaitSeconds: Int64 = 3_600
}

extension String {
    /// At most so many characters; what is cut off leaves an ellipsis.
    func shortened(to limit: Int) -> String { count <= limit ? self : prefix(max(0, limit - 1)) + "…" }
}
