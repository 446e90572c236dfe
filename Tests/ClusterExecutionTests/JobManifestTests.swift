// SPDX-License-Identifier: Apache-2.0

import ClusterExecution
import Diagnostics
import PipelineModel
import RunCoordination
import RunnerProtocol
import StructuredData
import Testing

@Suite("The Job that a lease becomes")
struct JobManifestTests {
    static let lease = LeaseKey(JobTry(run: RunID(7), attempt: 2, job: JobID("build"), number: 1), fence: 3)

    static func demand(_ labels: [String] = ["kubernetes"]) -> PodDemand {
        var demand = PodDemand(timeoutMs: 60_000, cancelTimeoutMs: 300_000, isForeign: false, project: "demo")
        demand.labels = labels
        return demand
    }

    static func manifest(_ settings: DataValue, sidecars: Bool = false) throws -> JobManifest {
        JobManifest(
            settings: try ExecutorSettings(data: settings), names: LeaseNames(credential: "c"), server: "http://s",
            hasSidecars: sidecars)
    }

    private static let plain: DataValue = ["image": "debian:12", "tools": "martlet:1", "roomSeconds": 100]

    private func pod(_ job: DataValue) -> DataValue { job["spec"]?["template"]?["spec"] ?? .null }
    private func container(_ job: DataValue) -> DataValue { pod(job)["containers"]?.array?.first ?? .null }

    @Test("The same lease has the same name, another fence another one; who finds it knows the lease")
    func names() throws {
        let names = LeaseNames(credential: "c")
        let later = LeaseKey(Self.lease.work, fence: 4)
        #expect(names.name(Self.lease) == names.name(Self.lease))
        #expect(names.name(Self.lease) != names.name(later))
        #expect(names.name(Self.lease) != LeaseNames(credential: "d").name(Self.lease))
        let job = try Self.manifest(Self.plain).job(Self.lease, Self.demand())
        #expect(LeaseNames.lease(of: job) == Self.lease)
        #expect(LeaseNames.lease(of: job["spec"]?["template"] ?? .null) == Self.lease)
    }

    @Test("A Job is tried once, lasts no longer than its job may, and its pod sees no token of the cluster")
    func bounds() throws {
        let job = try Self.manifest(Self.plain).job(Self.lease, Self.demand())
        #expect(job["spec"]?["backoffLimit"]?.int == 0)
        #expect(job["spec"]?["activeDeadlineSeconds"]?.int == 60 + 300 + 120 + 100)
        #expect(pod(job)["automountServiceAccountToken"]?.bool == false)
        #expect(container(job)["image"]?.string == "debian:12")
    }

    @Test("Labels say the size; they count before the container's options, its profile and the settings")
    func sizes() throws {
        let settings: DataValue = [
            "image": "i", "tools": "t", "requests": ["cpu": "100m", "memory": "64Mi"],
            "labels": ["large": ["requests": ["cpu": 4]]],
        ]
        let manifest = try Self.manifest(settings)
        func requests(_ labels: [String]) throws -> DataValue {
            container(try manifest.job(Self.lease, Self.demand(labels)))["resources"] ?? .null
        }
        #expect(try requests([])["requests"] == ["cpu": "100m", "memory": "64Mi"])
        #expect(try requests(["large"])["requests"]?["cpu"]?.string == "4000m")
        let asked = try requests(["large", "cpu-2", "memory-4gi"])
        #expect(asked["requests"] == ["cpu": "2000m", "memory": "4Gi"])
        #expect(asked["limits"] == ["memory": "4Gi"])
        #expect(throws: DiagnosticError.self) { try requests(["memory-much"]) }
    }

    @Test("The settings' pod and a label's are merged into it: lists are put together, what has a name is changed")
    func profiles() throws {
        let settings: DataValue = [
            "image": "i", "tools": "t", "pod": ["volumes": [["name": "martlet", "emptyDir": ["sizeLimit": "1Gi"]]]],
            "labels": ["spot": ["pod": ["tolerations": [["key": "spot"]], "priorityClassName": "low"]]],
        ]
        let job = try Self.manifest(settings).job(Self.lease, Self.demand(["spot"]))
        let volumes = pod(job)["volumes"]?.array ?? []
        #expect(volumes.count == 2)
        #expect(volumes[0] == ["name": "martlet", "emptyDir": ["sizeLimit": "1Gi"]])
        #expect(pod(job)["priorityClassName"]?.string == "low")
        #expect(pod(job)["tolerations"] == [["key": "spot"]])
    }

    @Test("An environment's service account is for code of the project, and not for a fork's")
    func accounts() throws {
        let settings: DataValue = ["image": "i", "tools": "t", "serviceAccounts": ["production": "deployer"]]
        var demand = Self.demand()
        demand.environment = "production"
        let own = pod(try Self.manifest(settings).job(Self.lease, demand))
        #expect(own["serviceAccountName"]?.string == "deployer")
        #expect(own["automountServiceAccountToken"]?.bool == true)
        demand.isForeign = true
        let job = try Self.manifest(settings).job(Self.lease, demand)
        #expect(pod(job)["serviceAccountName"] == nil)
        #expect(job["spec"]?["template"]?["metadata"]?["labels"]?["martlet.dev/trust"]?.string == "fork")
    }

    @Test("Services are sidecars where the cluster has them, else containers that a marker ends")
    func services() throws {
        var demand = Self.demand()
        var service = PodDemand.Container(image: "redis:7")
        service.name = "Cache_1"
        service.health = PodDemand.Health(
            command: ["sh", "-c", "ping"], intervalSeconds: 1, timeoutSeconds: 2, startSeconds: 0, retries: 3)
        demand.services = [service]
        let old = pod(try Self.manifest(Self.plain).job(Self.lease, demand))
        let beside = try #require(old["containers"]?.array?.last)
        #expect(beside["name"]?.string == "service-cache-1")
        #expect(beside["livenessProbe"]?["exec"]?["command"]?.array?.contains("--absent") == true)
        #expect(beside["readinessProbe"]?["exec"]?["command"]?.array?.last == "ping")
        // A pod's list of hosts takes no such name: the job is told it, and writes it down for itself.
        #expect(old["hostAliases"] == nil)
        let told = try Self.manifest(Self.plain).secrets(Self.lease, demand, credential: LeaseCredential(text: "c"))[0]
        #expect(told["stringData"]?["lease.json"]?.string?.contains(#""hosts":["cache_1"]"#) == true)
        demand.services[0].name = "cache"
        let plain = pod(try Self.manifest(Self.plain).job(Self.lease, demand))
        #expect(plain["hostAliases"]?.array?.first?["hostnames"] == ["cache"])
        let new = pod(try Self.manifest(Self.plain, sidecars: true).job(Self.lease, demand))
        #expect(new["containers"]?.array?.count == 1)
        #expect(new["initContainers"]?.array?.last?["restartPolicy"]?.string == "Always")
        #expect(new["initContainers"]?.array?.last?["livenessProbe"] == nil)
    }

    @Test("Only the Secret has the credential; a registry's login is in the same one")
    func secret() throws {
        var demand = Self.demand()
        demand.container = PodDemand.Container(image: "registry.test/a")
        demand.container?.login = PodDemand.Login(username: "u", password: "p", server: "registry.test")
        let manifest = try Self.manifest(Self.plain)
        let secrets = manifest.secrets(Self.lease, demand, credential: LeaseCredential(text: "mrt_lease.x"))
        let secret = secrets[0]
        #expect(secrets.count == 1)
        #expect(secret["type"]?.string == "kubernetes.io/dockerconfigjson")
        #expect(secret["stringData"]?[".dockerconfigjson"]?.string?.contains("registry.test") == true)
        let job = try manifest.job(Self.lease, demand)
        #expect(!job.jsonText().contains("mrt_lease"))
        #expect(pod(job)["imagePullSecrets"]?.array?.count == 1)
        let text = try #require(secret["stringData"]?["lease.json"]?.string)
        let told = try PodLease(data: DataValue(json: Array(text.utf8)))
        #expect(told.lease == Self.lease && told.credential == "mrt_lease.x" && told.server == "http://s")
    }

    @Test(
        "Two logins to one registry are both there, each in a list of its own; of another one the login is in the first"
    )
    func logins() throws {
        var demand = Self.demand()
        func container(_ user: String, _ server: String) -> PodDemand.Container {
            var container = PodDemand.Container(image: "i", name: user)
            container.login = PodDemand.Login(username: user, password: "p", server: server)
            return container
        }
        demand.container = container("a", "registry.test")
        demand.services = [
            container("b", "registry.test"), container("a", "registry.test"), container("c", "other.test"),
        ]
        let manifest = try Self.manifest(Self.plain)
        let secrets = manifest.secrets(Self.lease, demand, credential: LeaseCredential(text: "x"))
        let lists = try secrets.map { secret in
            try DataValue(json: Array((secret["stringData"]?[".dockerconfigjson"]?.string ?? "").utf8))["auths"]
        }
        #expect(
            lists == [
                ["registry.test": ["auth": "YTpw"], "other.test": ["auth": "Yzpw"]],
                ["registry.test": ["auth": "Yjpw"]],
            ])
        let names = secrets.map { LeaseNames.name(of: $0) }
        let pulling = pod(try manifest.job(Self.lease, demand))["imagePullSecrets"]?.array ?? []
        #expect(pulling.map { $0["name"]?.string } == names && Set(names).count == 2)
        // What sweeps finds them, and what is of the job alone is in one.
        #expect(secrets.allSatisfy { LeaseNames.lease(of: $0) == Self.lease })
        #expect(secrets[1]["stringData"]?.object?.keys == [".dockerconfigjson"])
    }

    @Test("Values of variables are in the Secret, as the workflow has them, and not where pods are read")
    func variables() throws {
        var demand = Self.demand()
        demand.container = PodDemand.Container(image: "i")
        demand.container?.environment = ["A=$(B) $$ c=d", "E"]
        var service = PodDemand.Container(image: "i", name: "web")
        service.environment = ["PASSWORD=hidden"]
        service.arguments = ["echo", "$(A)$$"]
        demand.services = [service]
        let manifest = try Self.manifest(Self.plain)
        let job = try manifest.job(Self.lease, demand)
        #expect(!job.jsonText().contains("hidden") && !job.jsonText().contains("c=d"))
        let secret = manifest.secrets(Self.lease, demand, credential: LeaseCredential(text: "c"))[0]["stringData"]
        func value(_ variable: DataValue?) -> String? {
            secret?[variable?["valueFrom"]?["secretKeyRef"]?["key"]?.string ?? ""]?.string
        }
        let own = container(job)["env"]?.array ?? []
        #expect(own.map { $0["name"]?.string } == ["A", "E"])
        #expect(own.map { value($0) } == ["$(B) $$ c=d", ""])
        let beside = pod(job)["containers"]?.array?.last
        #expect(value(beside?["env"]?.array?.first) == "hidden")
        // What the API would take for a reference to a variable.
        #expect(beside?["args"] == ["echo", "$$(A)$$$$"])
    }

    @Test("A pod sees nothing of its Secret but its lease: a registry's login is the cluster's alone")
    func lease() throws {
        let volumes = pod(try Self.manifest(Self.plain).job(Self.lease, Self.demand()))["volumes"]?.array ?? []
        let secret = volumes.first { $0["name"]?.string == "lease" }?["secret"]
        #expect(secret?["items"] == [["key": "lease.json", "path": "lease.json"]])
    }

    @Test("Services whose names come to the same have containers of different names")
    func alike() throws {
        var demand = Self.demand()
        demand.services = ["a_b", "a-b", "_"].map { PodDemand.Container(image: "i", name: $0) }
        let names =
            pod(try Self.manifest(Self.plain).job(Self.lease, demand))["containers"]?.array?
            .compactMap { $0["name"]?.string } ?? []
        #expect(names.count == 4 && Set(names).count == 4, "\(names)")
        #expect(Set(["a/b", "a_b", "../x"].map(PodPlace.readyMarker)).count == 3)
        #expect(!PodPlace.readyMarker("../x").contains("/"))
    }

    @Test("The maximum is of the whole pod, and a job that asks for no memory has no more than that")
    func maximum() throws {
        let settings: DataValue = ["image": "i", "tools": "t", "maximum": ["memory": "1Gi"]]
        let manifest = try Self.manifest(settings)
        let unasked = container(try manifest.job(Self.lease, Self.demand()))["resources"]
        #expect(unasked?["limits"] == ["memory": "1Gi"])
        var demand = Self.demand(["memory-600mi"])
        var service = PodDemand.Container(image: "i", name: "web")
        service.memoryBytes = 600 << 20
        demand.services = [service]
        #expect(throws: DiagnosticError.self) { try manifest.job(Self.lease, demand) }
        demand.services[0].memoryBytes = 100 << 20
        #expect(throws: Never.self) { try manifest.job(Self.lease, demand) }
    }

    @Test("What a minute costs is what is asked for, with services, times the prices of the labels")
    func price() throws {
        let settings: DataValue = ["image": "i", "tools": "t", "labels": ["spot": ["price": 0.3]]]
        var demand = Self.demand(["cpu-4", "spot"])
        var service = PodDemand.Container(image: "i", name: "web")
        service.milliCPUs = 1000
        demand.services = [service]
        let job = try Self.manifest(settings).job(Self.lease, demand)
        let annotations = job["spec"]?["template"]?["metadata"]?["annotations"]
        #expect(annotations?["martlet.dev/charge"]?.string == "1500")
        #expect(annotations?["martlet.dev/project"]?.string == "demo")
    }

    @Test("An account that is named for a project's environment is no other project's")
    func projectAccounts() throws {
        let settings: DataValue = [
            "image": "i", "tools": "t",
            "serviceAccounts": ["shop/production": "deploy-shop", "prj_9/production": "nine"],
        ]
        func account(_ id: String, _ name: String) throws -> String? {
            var demand = Self.demand()
            (demand.environment, demand.project, demand.projectName) = ("production", id, name)
            return pod(try Self.manifest(settings).job(Self.lease, demand))["serviceAccountName"]?.string
        }
        #expect(try account("prj_1", "shop") == "deploy-shop")
        #expect(try account("prj_9", "shop") == "nine")
        #expect(try account("prj_2", "blog") == nil)
    }

    @Test(
        "Settings that say nothing useful are refused with the key",
        arguments: [
            (#"{"image":"i"}"#, "tools"), (#"{"image":"i","tools":"t","imag":1}"#, "imag"),
            (#"{"image":"i","tools":"t","requests":{"cpu":"much"}}"#, "requests.cpu"),
            (#"{"image":"i","tools":"t","roomSeconds":0}"#, "roomSeconds"),
            (#"{"image":"i","tools":"t","server":"ci.example.org"}"#, "server"),
            (#"{"image":"i","tools":"t","forks":{"sandbox":"none"}}"#, "forks.sandbox"),
            (#"{"image":"i","tools":"t","forks":{"probe":"here"}}"#, "forks.probe"),
            (#"{"image":"i","tools":"t","budgets":{"shop":{}}}"#, "budgets.shop"),
            (#"{"image":"i","tools":"t","labels":{"night":{"hours":"20-6"}}}"#, "labels.night.hours"),
            (#"{"image":"i","tools":"t","labels":{"spot":{"price":"low"}}}"#, "labels.spot.price"),
        ])
    func faults(_ text: String, _ key: String) throws {
        do {
            _ = try ExecutorSettings(data: DataValue(json: Array(text.utf8)))
            Issue.record("it was taken")
        } catch let error as DiagnosticError {
            #expect(error.diagnostic.code == .executorSettings)
            #expect(error.diagnostic.message.contains(key))
        }
    }
}
