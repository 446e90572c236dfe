// SPDX-License-Identifier: Apache-2.0

/// How long a server's own runner goes on while its server is away. It shares the server's machine, and nobody else ends it.
package struct AwayLimits: Sendable {
    /// One that carries nothing; or whose folder is gone, with whatever it carries.
    package var idle = Duration.seconds(60)
    /// One whose jobs, or their ends, the server has to hear of.
    package var busy = Duration.seconds(24 * 60 * 60)

    package init() {}
}
