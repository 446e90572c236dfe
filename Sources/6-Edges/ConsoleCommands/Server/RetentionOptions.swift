// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import RetentionRules
internal import ServerOperation

/// How long a server keeps what it has. Projects may say otherwise for their own runs.
struct RetentionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Days that a run is kept after its end, or 'forever'.", valueName: "days"))
    var runDays = KeptDays(RetentionPolicy.server.runDays)

    @Option(help: ArgumentHelp("Days that its logs are kept, or 'forever'.", valueName: "days"))
    var logDays = KeptDays(RetentionPolicy.server.logDays)

    @Option(
        help: ArgumentHelp(
            "The longest that an artifact is kept, whatever its upload asks for, or 'forever'.", valueName: "days"))
    var artifactDays = KeptDays(RetentionPolicy.server.artifactDays)

    @Option(
        help: ArgumentHelp(
            "So many of the newest runs of each workflow stay whole, however old they are.", valueName: "count"))
    var keepLast = RetentionPolicy.server.keepLast

    @Option(help: ArgumentHelp("Days that deliveries from forges are kept.", valueName: "days"))
    var webhookDays = 90

    @Option(
        help: ArgumentHelp(
            "So much must be free on the disk: below it the oldest runs go, and no job is taken. 0: nobody looks.",
            valueName: "bytes"))
    var minFree = FreeBytes(DiskRule.standard.minimumBytes)

    func validate() throws {
        guard (0...RetentionPolicy.maximumKept).contains(keepLast) else {
            throw ValidationError("--keep-last is a number of runs, 0 to \(RetentionPolicy.maximumKept).")
        }
    }

    func apply(to settings: inout RetentionSettings) {
        settings.policy.runDays = runDays.days
        settings.policy.logDays = logDays.days
        settings.policy.artifactDays = artifactDays.days
        settings.policy.keepLast = keepLast
        settings.webhookDays = webhookDays
        settings.disk.minimumBytes = minFree.bytes
    }
}

/// `30`, `30d` or `forever`.
struct KeptDays: ExpressibleByArgument, Sendable {
    /// `nil`: for ever.
    var days: Int?

    init(_ days: Int?) { self.days = days }

    init?(argument: String) {
        guard let days = RetentionPolicy.days(argument) else { return nil }
        self.days = days
    }

    var defaultValueDescription: String { days.map(String.init) ?? "forever" }
}

/// `500M`, `2G`, `0`.
struct FreeBytes: ExpressibleByArgument, Sendable {
    var bytes: UInt64

    init(_ bytes: UInt64) { self.bytes = bytes }

    init?(argument: String) {
        guard let bytes = DiskRule.bytes(argument) else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { DiskRule.text(bytes).replacing(" ", with: "").replacing("B", with: "") }
}
