// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import TestFolders
import Testing

@testable import ProcessControl

@Suite(.ownFolders) struct HostTests {
    @Test func aProcessIsKnownByItsNumberAndItsStart() throws {
        let own = ProcessIdentity.current
        #expect(own.isAlive)
        #expect(ProcessIdentity(of: own.processID) == own)
        #expect(!ProcessIdentity(processID: own.processID, startTicks: own.startTicks + 1).isAlive)
        #expect(ProcessIdentity(of: Int32.max) == nil)
        #expect(ProcessIdentity(of: -1) == nil)
    }

    @Test func theBootHasAnIdentifier() {
        #expect(HostBoot.identifier().count == 36)
        #expect(HostBoot.identifier() == HostBoot.identifier())
    }

    @Test func scratchIsPrivateAndInMemoryWhereThereIsSuchAPlace() throws {
        let name = "martlet-test-" + UUID().uuidString
        let scratch = try ScratchDirectory.choose(name: name) { _ in nil }
        defer { try? FileManager.default.removeItem(atPath: scratch.path) }
        let facts = try FileManager.default.attributesOfItem(atPath: scratch.path)
        #expect(facts[.posixPermissions] as? Int == 0o700)
        #expect(scratch.isInMemory == scratch.path.hasPrefix("/dev/shm"))
        #expect(try ScratchDirectory.choose(name: name) { _ in nil } == scratch)
    }

    @Test func scratchThatOthersCouldTouchIsNotUsed() throws {
        let place = try SupervisedJob.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: place) }
        let trap = "\(place)/martlet-\(getuid())"
        try FileManager.default.createSymbolicLink(atPath: trap, withDestinationPath: "/tmp")
        let only = { (name: String) -> String? in name == "XDG_RUNTIME_DIR" ? place : nil }
        let name = "martlet"
        let chosen = try ScratchDirectory.choose(name: name, environment: only)
        #expect(!chosen.path.hasPrefix(place))
        try FileManager.default.removeItem(atPath: trap)
        try FileManager.default.createDirectory(
            atPath: trap, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
        chmod(trap, 0o777)
        #expect(try !ScratchDirectory.choose(name: name, environment: only).path.hasPrefix(place))
    }

    @Test func whereThereIsNoRoomScratchIsACodedError() {
        let error = #expect(throws: DiagnosticError.self) {
            try ScratchDirectory.choose(name: "martlet-test", freeBytes: .max) { _ in nil }
        }
        #expect(error?.diagnostic.code == .scratchUnavailable)
        #expect(error?.diagnostic.message.contains("/dev/shm/martlet-test") == true)
    }

    @Test func theOpenFileLimitIsTheHardOneAfterwards() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)
        #expect(OpenFileLimit.raise() == UInt64(limit.rlim_max))
    }

    @Test func controlGroupsAreFoundInEachLayout() {
        let unified = ProcessCgroup.discover(
            mounts: "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
            membership: "0::/user.slice/user-1000.slice\n")
        #expect(unified.map(\.directory) == ["/sys/fs/cgroup/user.slice/user-1000.slice"])
        #expect(unified.map(\.version) == [2])
        let hybrid = ProcessCgroup.discover(
            mounts: """
                35 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                36 32 0:31 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
                37 32 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw

                """,
            membership: "7:memory:/a\n6:freezer:/jobs\n0::/\n")
        #expect(hybrid.map(\.directory) == ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer/jobs"])
        let container = ProcessCgroup.discover(
            mounts: "36 32 0:31 /docker/1f /sys/fs/cgroup\\040here rw - cgroup2 cgroup2 rw\n",
            membership: "0::/docker/1f\n")
        #expect(container.map(\.directory) == ["/sys/fs/cgroup here"])
        #expect(ProcessCgroup.discover(mounts: "", membership: "") == [])
        #expect(ProcessCgroup.discover(mounts: "garbage - \n - cgroup2", membership: ":::::\n\n") == [])
    }

    @Test(arguments: [1, 2])
    func aControlGroupThatIsHadIsKilledWhole(version: Int) throws {
        let name = "martlet-test-\(UUID().uuidString)"
        guard let group = ProcessCgroup.make(name: name, version: version) else {
            let text = "no writable cgroup of version \(version) here: killing by it is not tested\n"
            FileHandle.standardError.write(Data(text.utf8))
            return
        }
        let job = try SupervisedJob()
        var request = job.request("a", ["sh", "-c", "setsid sleep 1000 & cat /proc/self/cgroup; exec sleep 1000"])
        request.cgroups = [group.directory]
        request.ownsCgroups = true
        try job.spawn(request)
        try job.turn { $0.text("a").contains("martlet-test-") && RealProcesses.marked(run: $0.runID).count == 2 }
        try job.supervisor.kill("a", signal: SIGKILL, scope: .tree)
        try job.turn { $0.treeReport("a") != nil }
        #expect(job.treeReport("a")?.remainingCount == 0)
        #expect(RealProcesses.marked(run: job.runID).isEmpty)
        #expect(group.remove())
    }
}
