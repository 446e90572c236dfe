// SPDX-License-Identifier: Apache-2.0

/// How long a runner waits before it says again what the server did not take: at first, and at most.
package struct AskingPace: Sendable {
    package var first = Duration.milliseconds(100)
    package var longest = Duration.seconds(2)

    package init() {}

    package func next(after pause: Duration) -> Duration { min(pause * 2, longest) }
}
