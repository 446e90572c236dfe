// SPDX-License-Identifier: Apache-2.0

import ClusterRules
import StructuredData
import Testing

@Suite("What a pod's state means for its job")
struct PodVerdictTests {
    private func verdict(_ status: String, deleted: Bool = false, node: String = "n1") throws -> PodVerdict {
        let deletion = deleted ? #","deletionTimestamp":"2026-01-01T00:00:00Z""# : ""
        let text = """
            {"metadata":{"name":"p"\(deletion)},"status":\(status),
             "spec":{"nodeName":"\(node)","containers":[{"name":"job","resources":{"limits":{"memory":"1Gi"}}}]}}
            """
        return PodVerdict(pod: try DataValue(json: Array(text.utf8)))
    }

    private func job(_ state: String, phase: String = "Running", reason: String? = nil) -> String {
        let more = reason.map { #","reason":"\#($0)","message":"The node was low on memory.""# } ?? ""
        return #"{"phase":"\#(phase)"\#(more),"containerStatuses":[{"name":"job","image":"i:1","state":\#(state)}]}"#
    }

    @Test("A job that told everything ends with 0; one whose container ended otherwise is lost")
    func ends() throws {
        #expect(try verdict(job(#"{"running":{}}"#)) == .running)
        #expect(try verdict(job(#"{"terminated":{"exitCode":0}}"#, phase: "Succeeded")) == .over)
        guard case .lost(let text) = try verdict(job(#"{"terminated":{"exitCode":143}}"#, phase: "Failed")) else {
            Issue.record("not lost")
            return
        }
        #expect(text.contains("143") && text.contains("n1"))
    }

    @Test("An eviction is told with the node and its words, whatever the container's exit code is")
    func evicted() throws {
        for state in [#"{"terminated":{"exitCode":137}}"#, #"{"waiting":{}}"#] {
            guard case .lost(let text) = try verdict(job(state, phase: "Failed", reason: "Evicted")) else {
                Issue.record("not lost")
                continue
            }
            #expect(text == "Its pod was evicted on the node 'n1': The node was low on memory.")
        }
    }

    @Test("A container that needed too much memory fails the job, and says how much it may have")
    func memory() throws {
        let state = #"{"terminated":{"exitCode":137,"reason":"OOMKilled"}}"#
        guard case .failed(let error) = try verdict(job(state, phase: "Failed")) else {
            Issue.record("not failed")
            return
        }
        #expect("\(error)".contains("1Gi"))
    }

    @Test("A pod that was removed or whose node is lost is told so")
    func gone() throws {
        let ended = job(#"{"terminated":{"exitCode":137}}"#, phase: "Failed")
        #expect(try verdict(ended, deleted: true) == .lost("Its pod was removed on the node 'n1'."))
        guard case .lost(let text) = try verdict(#"{"phase":"Running","reason":"NodeLost"}"#) else {
            Issue.record("not lost")
            return
        }
        #expect(text.contains("node of its pod was lost"))
    }

    @Test(
        "What a pod waits for: room, an image, or nothing that will come",
        arguments: [
            ("ErrImagePull", PodVerdict.Wait.Kind.image), ("ImagePullBackOff", .image), ("InvalidImageName", .never),
        ])
    func waits(_ reason: String, _ kind: PodVerdict.Wait.Kind) throws {
        let state = #"{"waiting":{"reason":"\#(reason)","message":"not found"}}"#
        guard case .waiting(let wait?) = try verdict(job(state, phase: "Pending")) else {
            Issue.record("it does not wait")
            return
        }
        #expect(wait.kind == kind)
        #expect(wait.text.contains("i:1") && wait.text.contains("not found"))
    }

    @Test("A pod without a node says what the cluster says")
    func room() throws {
        let status = """
            {"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable",
             "message":"0/2 nodes are available: 2 Insufficient cpu."}]}
            """
        guard case .waiting(let wait?) = try verdict(status, node: "") else {
            Issue.record("it does not wait")
            return
        }
        #expect(wait.kind == .room)
        #expect(wait.text.contains("Insufficient cpu"))
        #expect(try verdict(#"{"phase":"Pending"}"#, node: "") == .waiting(nil))
        guard case .waiting(let setUp?) = try verdict(#"{"phase":"Pending"}"#) else {
            Issue.record("nothing is said of a pod on its way")
            return
        }
        #expect(setUp.kind == .setUp && setUp.text.contains("n1"))
    }

    @Test("A pod that failed before its job's container is told by what failed, and an evicted one by that")
    func beginnings() throws {
        func status(_ name: String, reason: String = "") -> String {
            #"{"phase":"Failed"\#(reason),"initContainerStatuses":[{"name":"\#(name)","state":{"terminated":"#
                + #"{"exitCode":1,"message":"MRT1478: it\u001b[31m reaches\nit"}}}]}"#
        }
        guard case .failed(let tools) = try verdict(status("tools")),
            case .failed(let probe) = try verdict(status("probe"))
        else {
            Issue.record("not failed")
            return
        }
        #expect("\(tools)".contains("Martlet's own image"))
        #expect("\(probe)".contains("does not keep the pod of a fork's job"))
        // What code in the pod may have written comes as one plain line.
        #expect(!"\(probe)".contains("\u{1b}") && "\(probe)".contains("[31m reaches it"))
        guard case .lost(let text) = try verdict(status("tools", reason: #","reason":"Evicted""#)) else {
            Issue.record("not lost")
            return
        }
        #expect(text.contains("evicted"))
    }
}
