// SPDX-License-Identifier: Apache-2.0

import ClusterExecution
import RunCoordination
import StructuredData
import Testing

@Suite("What settings and labels may change of a fork's pod")
struct ForkSettingsTests {
    /// The pod of a job with a service and the label `wide`.
    ///
    /// - Parameter isForeign: `false`: of the project's own code.
    private static func pod(
        label: DataObject = [:], settings: DataObject = [:], sandbox: String = "pod", isForeign: Bool = true,
        sidecars: Bool = true
    ) throws -> DataValue {
        var demand = JobManifestTests.demand(["kubernetes", "wide"])
        demand.isForeign = isForeign
        demand.sandbox = isForeign ? SandboxSettings() : nil
        demand.services = [PodDemand.Container(image: "redis:7", name: "cache")]
        let all: DataValue = [
            "image": "i", "tools": "t", "forks": ["sandbox": .string(sandbox)], "pod": .object(settings),
            "labels": ["wide": ["pod": .object(label)]],
        ]
        return try JobManifestTests.manifest(all, sidecars: sidecars).job(JobManifestTests.lease, demand)["spec"]?[
            "template"]?["spec"] ?? .null
    }

    /// Each a way to the node, or to what the pod must not have.
    static let ways: [DataObject] = [
        ["containers": [["name": "job", "securityContext": ["privileged": true]]]],
        ["containers": [["name": "job", "securityContext": ["capabilities": ["add": ["SYS_ADMIN"]]]]]],
        ["containers": [["name": "job", "securityContext": ["runAsUser": 0, "runAsNonRoot": false]]]],
        ["containers": [["name": "job", "securityContext": ["allowPrivilegeEscalation": true]]]],
        ["containers": [["name": "job", "securityContext": ["procMount": "Unmasked"]]]],
        ["initContainers": [["name": "tools", "securityContext": ["privileged": true]]]],
        ["initContainers": [["name": "probe", "image": "mine", "command": ["true"]]]],
        ["initContainers": [["name": "service-cache", "securityContext": ["privileged": true]]]],
        ["containers": [["name": "service-cache", "securityContext": ["privileged": true]]]],
        ["initContainers": [["name": "more", "image": "mine", "securityContext": ["privileged": true]]]],
        ["containers": [["name": "more", "image": "mine"]]],
        ["ephemeralContainers": [["name": "more", "image": "mine"]]],
        ["containers": [["name": "job", "image": "mine", "command": ["sh"], "args": ["-c", "id"]]]],
        ["containers": [["name": "job", "env": [["name": "TOKEN", "value": "x"]], "envFrom": [["secretRef": [:]]]]]],
        ["containers": [["name": "job", "volumeMounts": [["name": "node", "mountPath": "/node"]]]]],
        ["containers": [["name": "job", "volumeDevices": [["name": "disk", "devicePath": "/dev/xvda"]]]]],
        ["containers": [["name": "job", "resources": ["limits": ["nvidia.com/gpu": 1, "devices.test/kvm": 1]]]]],
        ["containers": [["name": "job", "resources": ["claims": [["name": "gpu"]]]]]],
        ["containers": [["name": "job", "resources": ["limits": ["memory": "900Gi"]]]]],
        ["containers": [["name": "job", "resources": ["limits": ["memory": "much"]]]]],
        ["containers": [["name": "job", "ports": [["containerPort": 80, "hostPort": 80]]]]],
        ["volumes": [["name": "node", "hostPath": ["path": "/"]]]],
        ["volumes": [["name": "martlet", "hostPath": ["path": "/"]]]],
        ["volumes": [["name": "lease", "secret": ["secretName": "others"]]]],
        ["volumes": [["name": "token", "projected": ["sources": [["serviceAccountToken": [:]]]]]]],
        ["resourceClaims": [["name": "gpu"]]],
        ["hostNetwork": true], ["hostPID": true], ["hostIPC": true], ["hostUsers": true],
        ["shareProcessNamespace": true],
        ["serviceAccountName": "admin"], ["serviceAccount": "admin"], ["automountServiceAccountToken": true],
        ["securityContext": ["runAsUser": 0, "seccompProfile": ["type": "Unconfined"]]],
        ["securityContext": ["sysctls": [["name": "kernel.shm_rmid_forced", "value": "1"]]]],
        ["nodeName": "control-plane"], ["restartPolicy": "Always"], ["activeDeadlineSeconds": 1],
    ]

    @Test("No label opens the pod", arguments: ways, ["pod", "bubblewrap"])
    func labels(_ way: DataObject, _ sandbox: String) throws {
        for sidecars in [true, false] {
            let plain = try Self.pod(sandbox: sandbox, sidecars: sidecars)
            #expect(try Self.pod(label: way, sandbox: sandbox, sidecars: sidecars) == plain)
        }
        // The same label does what it says for the project's own code, so that this is what keeps it out.
        #expect(try Self.pod(label: way, isForeign: false) != Self.pod(isForeign: false))
    }

    @Test("Nor do the settings of every pod, where the pod is the sandbox", arguments: ways)
    func settings(_ way: DataObject) throws {
        #expect(try Self.pod(settings: way) == Self.pod())
    }

    @Test("A label says where the pod may run, how large its workspace is, and what it asks for")
    func taken() throws {
        let label: DataObject = [
            "nodeSelector": ["spot": "true"], "tolerations": [["key": "spot"]], "priorityClassName": "low",
            "affinity": ["nodeAffinity": [:]], "volumes": [["name": "martlet", "emptyDir": ["sizeLimit": "1Gi"]]],
            "containers": [["name": "job", "resources": ["limits": ["cpu": 2, "memory": "64Mi"]]]],
        ]
        let spec = try Self.pod(label: label)
        #expect(spec["nodeSelector"] == ["spot": "true"] && spec["tolerations"] == [["key": "spot"]])
        #expect(spec["priorityClassName"]?.string == "low" && spec["affinity"] != nil)
        #expect(spec["volumes"]?.array?.first == ["name": "martlet", "emptyDir": ["sizeLimit": "1Gi"]])
        let resources = spec["containers"]?.array?.first?["resources"]
        #expect(resources?["limits"] == ["cpu": 2, "memory": "64Mi"])
        // A pod that asks for more than it may have is refused by the cluster.
        #expect(resources?["requests"]?["memory"]?.string == "64Mi")
    }

    @Test("The runtime and the logins to registries are the settings' for every pod, and no label's")
    func common() throws {
        let change: DataObject = ["runtimeClassName": "gvisor", "imagePullSecrets": [["name": "ours"]]]
        let spec = try Self.pod(settings: change)
        #expect(spec["runtimeClassName"]?.string == "gvisor" && spec["imagePullSecrets"] == [["name": "ours"]])
        #expect(try Self.pod(label: change) == Self.pod())
        let weaker: DataObject = ["runtimeClassName": "runc"]
        #expect(try Self.pod(label: weaker, settings: change) == spec)
    }

    @Test("Where the sandbox is inside of the pod, the settings of every pod may only take from it")
    func tightened() throws {
        let change: DataObject = [
            "securityContext": ["runAsUser": 1_000, "runAsNonRoot": true, "sysctls": [["name": "a"]]],
            "containers": [
                [
                    "name": "job",
                    "securityContext": [
                        "privileged": true, "allowPrivilegeEscalation": false,
                        "capabilities": ["drop": ["ALL"], "add": ["SYS_ADMIN"]],
                    ],
                ]
            ],
        ]
        let spec = try Self.pod(settings: change, sandbox: "bubblewrap")
        #expect(spec["securityContext"] == ["runAsUser": 1_000, "runAsNonRoot": true])
        let context = spec["containers"]?.array?.first?["securityContext"]
        #expect(context == ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]])
        let root: DataObject = ["securityContext": ["runAsUser": 0, "runAsNonRoot": false]]
        #expect(try Self.pod(settings: root, sandbox: "bubblewrap") == Self.pod(sandbox: "bubblewrap"))
    }
}
