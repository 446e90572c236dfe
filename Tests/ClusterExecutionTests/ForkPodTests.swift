// SPDX-License-Identifier: Apache-2.0

import ClusterExecution
import Glibc
import RunCoordination
import RunnerProtocol
import StructuredData
import Testing

@Suite("The pod of a fork's job")
struct ForkPodTests {
    private static func settings(_ more: DataObject = [:]) -> DataValue {
        var object: DataObject = [
            "image": "i", "tools": "t", "forks": ["sandbox": "pod", "serviceAccount": "martlet-forks"],
            "serviceAccounts": ["production": "deployer"],
        ]
        for (key, value) in more { object[key] = value }
        return .object(object)
    }

    private static func demand() -> PodDemand {
        var demand = JobManifestTests.demand()
        demand.isForeign = true
        demand.environment = "production"
        demand.sandbox = SandboxSettings()
        return demand
    }

    private static func pod(_ demand: PodDemand, _ settings: DataValue = settings()) throws -> DataValue {
        try JobManifestTests.manifest(settings).job(JobManifestTests.lease, demand)["spec"]?["template"] ?? .null
    }

    @Test("It is nobody, may become nobody else, and has an account that opens nothing")
    func security() throws {
        let spec = try Self.pod(Self.demand())["spec"] ?? .null
        #expect(spec["serviceAccountName"]?.string == "martlet-forks")
        #expect(spec["automountServiceAccountToken"]?.bool == false)
        #expect(spec["securityContext"]?["seccompProfile"]?["type"]?.string == "RuntimeDefault")
        for container in (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? []) {
            let security = container["securityContext"]
            #expect(security?["runAsNonRoot"]?.bool == true, "\(container)")
            #expect(security?["allowPrivilegeEscalation"]?.bool == false)
            #expect(security?["capabilities"]?["drop"] == ["ALL"])
        }
        // What the sandbox would limit the pod does, and asks a node for no more than it needs.
        let resources = spec["containers"]?.array?.first?["resources"]
        #expect(resources?["limits"]?["memory"]?.string == PodQuantity.text(bytes: SandboxSettings().memoryBytes))
        #expect(resources?["requests"]?["memory"]?.string == "256Mi")
        var demand = Self.demand()
        demand.labels = ["memory-64gi"]
        let asking = try Self.pod(demand)["spec"]?["containers"]?.array?.first?["resources"]
        #expect(asking?["limits"]?["memory"] == resources?["limits"]?["memory"])
    }

    @Test("Neither an environment, nor a label, nor the settings' pod gives it an account or its node's network")
    func confined() throws {
        let taking: DataValue = [
            "serviceAccountName": "admin", "automountServiceAccountToken": true, "hostNetwork": true, "hostPID": true,
        ]
        var demand = Self.demand()
        demand.labels = ["deploy"]
        for sandbox in ["pod", "bubblewrap"] {
            let settings = Self.settings([
                "labels": ["deploy": ["pod": taking]], "forks": ["sandbox": .string(sandbox)],
            ])
            let spec = try Self.pod(demand, settings)["spec"] ?? .null
            for key in ["serviceAccountName", "hostNetwork", "hostPID"] { #expect(spec[key] == nil, "\(key)") }
            #expect(spec["automountServiceAccountToken"]?.bool == false)
        }
        demand.isForeign = false
        let settings = Self.settings(["labels": ["deploy": ["pod": taking]]])
        #expect(try Self.pod(demand, settings)["spec"]?["serviceAccountName"]?.string == "admin")
    }

    @Test("Its network is looked at before the workflow's image begins, by nothing that the workflow chooses")
    func probe() throws {
        let closed = try Self.pod(Self.demand())
        #expect(closed["metadata"]?["labels"]?["martlet.dev/network"]?.string == "none")
        let names = closed["spec"]?["initContainers"]?.array?.compactMap { $0["name"]?.string }
        #expect(names == ["tools", "probe"])
        let probe = closed["spec"]?["initContainers"]?.array?.last
        #expect(probe?["image"]?.string == "t" && probe?["env"] == nil)
        #expect(probe?["command"]?.array?.last == "api")
        // The cluster's API is inside, whatever is let out.
        let open = try Self.pod(Self.demand(), Self.settings(["forks": ["sandbox": "pod", "network": "outside"]]))
        #expect(open["metadata"]?["labels"]?["martlet.dev/network"]?.string == "outside")
        #expect(open["spec"]?["initContainers"]?.array?.count == 2)
        var demand = Self.demand()
        demand.services = [PodDemand.Container(image: "redis:7", name: "cache")]
        let beside = try JobManifestTests.manifest(Self.settings(), sidecars: true).job(JobManifestTests.lease, demand)
        let beginning = beside["spec"]?["template"]?["spec"]?["initContainers"]?.array ?? []
        #expect(beginning.map { $0["name"]?.string } == ["tools", "probe", "service-cache"])
        #expect(beginning.last?["restartPolicy"]?.string == "Always")
        // Databases begin as root: of the standard that is called restricted a service has all but that.
        #expect(beginning.last?["securityContext"]?["runAsNonRoot"] == nil)
        #expect(beginning.last?["securityContext"]?["allowPrivilegeEscalation"]?.bool == false)
        // Of the project's own code nothing is looked at.
        let own = try Self.pod(JobManifestTests.demand())
        #expect(own["spec"]?["initContainers"]?.array?.count == 1)
        #expect(own["metadata"]?["labels"]?["martlet.dev/network"] == nil)
    }

    @Test("The pod is told that it is the sandbox, and only where it is")
    func told() throws {
        func isSandbox(_ demand: PodDemand, _ settings: DataValue) throws -> Bool {
            let secret = try JobManifestTests.manifest(settings).secrets(
                JobManifestTests.lease, demand, credential: LeaseCredential(text: "c"))[0]
            let text = secret["stringData"]?["lease.json"]?.string ?? ""
            return try PodLease(data: DataValue(json: Array(text.utf8))).isSandbox
        }
        #expect(try isSandbox(Self.demand(), Self.settings()))
        #expect(try !isSandbox(Self.demand(), ["image": "i", "tools": "t"]))
        #expect(try !isSandbox(JobManifestTests.demand(), Self.settings()))
    }

    @Test("A probe that is answered says so, and one that is refused does not")
    func sockets() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(listener, plain, size) == 0 && listen(listener, 5) == 0 && getsockname(listener, plain, &size) == 0
            }
        }
        try #require(isBound)
        let port = UInt16(bigEndian: address.sin_port)
        #expect(try #require(NetworkProbe("127.0.0.1:\(port)")).isReached)
        #expect(try #require(NetworkProbe("[127.0.0.1]:\(port)")).isReached)
        close(listener)
        #expect(try !#require(NetworkProbe("127.0.0.1:\(port)")).isReached)
        #expect(NetworkProbe("api", environment: [:]) == nil)
        #expect(
            NetworkProbe("api", environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"])
                == NetworkProbe("[fd00::1]:443"))
    }
}
