// SPDX-License-Identifier: Apache-2.0

/// What a run may not exceed.
package enum EngineLimits {
    /// Of one event's payload as JSON. Larger things are split, or stand in blobs by digest.
    package static let eventBytes = 64 << 10
    /// Legs of one job's matrix, as on GitHub.
    package static let matrixLegs = 256
    /// Legs of a run, called workflows' included.
    package static let runLegs = 20_000
    /// Steps of one job, those inside composite actions included.
    package static let jobSteps = 10_000
    /// Composite actions inside composite actions, as on GitHub.
    package static let compositeDepth = 10
    /// Background steps of a job, or of one composite action, that run at the same time, as on GitHub.
    package static let backgroundSteps = 10
    /// Runs or jobs that wait in one concurrency group whose queue is `max`, as on GitHub.
    package static let groupQueue = 100
    /// Attempts of one step or job.
    package static let attempts = 100
    /// UTF-8 bytes of a name in an event; longer ones are cut.
    package static let nameBytes = 256
    /// UTF-8 bytes of a reason's sentence, expression and each of its values; longer ones are cut.
    package static let reasonBytes = 1_000
    /// Values of a reason that are kept.
    package static let reasonValues = 8
    /// Names of outputs that an event carries.
    package static let outputNames = 100
    /// Legs, steps or taken results that one event lists.
    package static let listChunk = 40
    /// Ids of jobs that one event lists.
    package static let idChunk = 200
    /// UTF-8 bytes of a sentence that stands in a list.
    package static let listedReasonBytes = 200

    package static let jobTimeoutMs: Int64 = 360 * 60_000
    package static let cancelTimeoutMs: Int64 = 5 * 60_000
    /// How long after a job's own deadline and cancel time the run stops waiting for word of it.
    package static let backstopMs: Int64 = 2 * 60_000
    /// How long after a step was killed its job stops waiting for word of it.
    package static let killBackstopMs: Int64 = 60_000
}
