// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StructuredData

/// The concurrency groups of one repository, shared by all runs of a store: a file that whoever asks reads, lets the
/// arbiter decide on, and writes, under a lock. What concerns another run is left in the file, and its process is told
/// to look (``RunControl``).
///
/// A process that died holds nothing: whoever comes next gives up its places for it.
struct GroupLedger {
    /// What the file holds.
    fileprivate struct Contents {
        var arbiter = GroupArbiter()
        /// Who drives each run that has a claim.
        var drivers: [RunID: Driver] = [:]
        /// Answers that their runs have not taken yet.
        var answers: [GroupArbiter.Answer] = []
    }

    /// A process of one boot.
    fileprivate struct Driver: Hashable {
        var process: ProcessIdentity
        var bootID: String

        func isAlive(_ bootID: String) -> Bool { self.bootID == bootID && process.isAlive }
    }

    /// How often a run that has a claim looks by itself, in case nobody could tell it.
    static let pollInterval = Duration.seconds(2)
    private static let lockPatience = Duration.seconds(10)
    private static let sizeLimitBytes = 16 << 20

    let store: RunStore
    /// The repository's root folder: groups of different repositories are different.
    let repository: String
    let run: RunID
    let bootID: String

    private var path: String {
        "\(store.root)/groups/\(ContentDigest.of(Array(repository.utf8)).prefix(16)).json"
    }

    // MARK: what a run asks

    /// - Returns: what this run is told at once; nothing: it waits.
    /// - Throws: ``DiagnosticCode/groupLost`` where somebody else has by now what this run held before it was cut off.
    func acquire(
        _ holder: GroupHolder, _ request: GroupRequest, isHeld: Bool
    ) throws(DiagnosticError) -> [GroupArbiter.Answer] {
        try change { (contents) throws(DiagnosticError) in
            if isHeld, let other = contents.arbiter.holder(of: request.group), other != holder {
                throw DiagnosticError(
                    .groupLost,
                    "The concurrency group '\(request.group)' went to run \(other) while run \(run) was down.",
                    remedy: "Resume run \(run) when that one is over: martlet run --resume \(run)")
            }
            return contents.arbiter.acquire(holder, request, isHeld: isHeld)
        }
    }

    func release(_ holder: GroupHolder, group: String) throws(DiagnosticError) -> [GroupArbiter.Answer] {
        try change { (contents) throws(DiagnosticError) in contents.arbiter.release(holder, group: group) }
    }

    /// Gives up all that this run holds or waits for.
    func abandon() throws(DiagnosticError) {
        _ = try change { (contents) throws(DiagnosticError) in contents.arbiter.forget(run) }
    }

    /// What others have left for this run.
    func look() throws(DiagnosticError) -> [GroupArbiter.Answer] {
        try change { (_) throws(DiagnosticError) in [] }
    }

    /// Who has the group that somebody waits for.
    func holder(of group: String) throws(DiagnosticError) -> GroupHolder? {
        try read().arbiter.holder(of: group)
    }

    // MARK: the file

    private func change(
        _ body: (inout Contents) throws(DiagnosticError) -> [GroupArbiter.Answer]
    ) throws(DiagnosticError) -> [GroupArbiter.Answer] {
        try Trees.make(store.root + "/groups", mode: 0o700)
        let lock = try FileLock.waiting(path: path + ".lock", until: .now() + Self.lockPatience)
        defer { withExtendedLifetime(lock) {} }
        var contents = try read()
        let before = contents.data
        var news: [GroupArbiter.Answer] = []
        for (other, driver) in contents.drivers where other != run && !driver.isAlive(bootID) {
            news += contents.arbiter.forget(other)
            contents.drivers[other] = nil
        }
        news += try body(&contents)
        let own = (contents.answers + news).filter { $0.holder.run == run }
        let others = news.filter { $0.holder.run != run }
        contents.answers = (contents.answers + others).filter {
            $0.holder.run != run && contents.drivers[$0.holder.run] != nil
        }
        let claimants = contents.arbiter.runs
        contents.drivers[run] = claimants.contains(run) ? Driver(process: .current, bootID: bootID) : nil
        let after = contents.data
        if after != before { try Files.replace(path, with: after.jsonText().utf8, mode: 0o600) }
        for other in Set(others.map(\.holder.run)) { RunControl.say(.lookAtGroups, to: other, of: store) }
        return own
    }

    private func read() throws(DiagnosticError) -> Contents {
        guard let bytes = try Files.readIfPresent(path, limit: Self.sizeLimitBytes) else { return Contents() }
        do {
            return try Contents(data: DataValue(json: bytes))
        } catch {
            throw DiagnosticError(
                .groupsUnreadable, "The concurrency groups in \(path) cannot be read: \(error).",
                remedy: "Remove the file when no run is under way.")
        }
    }
}

extension GroupLedger.Contents {
    var data: DataValue {
        [
            "groups": arbiter.data,
            "drivers": .array(
                drivers.sorted { $0.key < $1.key }.map { run, driver in
                    [
                        "run": .number(Double(run.number)), "process": .number(Double(driver.process.processID)),
                        "startTicks": .string(String(driver.process.startTicks)), "boot": .string(driver.bootID),
                    ]
                }),
            "answers": .array(answers.map(\.data)),
        ]
    }

    init(data: DataValue) throws(DataShapeError) {
        arbiter = try GroupArbiter(data: data["groups"] ?? .null)
        for driver in data["drivers"]?.array ?? [] {
            drivers[RunID(try driver.int("run"))] = GroupLedger.Driver(
                process: ProcessIdentity(
                    processID: Int32(clamping: try driver.int("process")),
                    startTicks: UInt64(try driver.string("startTicks")) ?? 0),
                bootID: try driver.string("boot"))
        }
        answers = try data.list("answers") { (answer) throws(DataShapeError) in try GroupArbiter.Answer(data: answer) }
    }
}
