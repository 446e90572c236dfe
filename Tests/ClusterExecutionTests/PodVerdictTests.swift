// SPDX-License-Identifier: Apache-2.0

import ClusterRules
import StructuredData
import Testing

@Suite("What a pod's state means for its job")
struct PodVerdictTests {
    private func verdict(_ status: String, deleted: Bool = false) throws -> PodVerdict {
        let deletion = deleted ? #","deletionTimestamp":"2026-01-01T00:00:00Z""# : ""
        let text = """
            {"metadata":{"name":"p"\(deletion)},"status":\(status),
             "spec":{"nodeName":"n1","containers":[{"name":"job","resources":{"limits":{"memory":"1Gi"}}}]}}
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
        guard case .waiting(let wait?) = try verdict(status) else {
            Issue.record("it does not wait")
            return
        }
        #expect(wait.kind == .room)
        #expect(wait.text.contains("Insufficient cpu"))
        #expect(try verdict(#"{"phase":"Pending"}"#) == .waiting(nil))
    }
}
