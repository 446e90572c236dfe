// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
package import Diagnostics
internal import FileAccess
package import RunCoordination
package import StructuredData
internal import YAMLReading

/// How jobs become pods: the file that `--cluster` names.
package struct ExecutorSettings: Hashable, Sendable {
    /// Where Jobs are made; `nil`: the kubeconfig's, or the pod's own.
    package var namespace: String?
    /// Of jobs that name no `container:`.
    package var image: String
    /// Martlet's own, which brings the program into each pod.
    package var tools: String
    /// Where pods reach the server; `nil`: where the runner does.
    package var server: String?
    package var size = PodSize()
    /// A job may ask for so much at most.
    package var maximum = PodSize()
    /// Merged into each pod's spec.
    package var pod = DataObject()
    /// By labels that jobs ask for: merged into the pod's spec after ``pod``.
    package var profiles: [String: Profile] = [:]
    /// By environment, or by project and environment: `shop/production`.
    package var serviceAccounts: [String: String] = [:]
    /// What jobs of forks are enclosed in.
    package var forks = Forks()
    /// CPU-minutes a day, by project; `*`: of each other one.
    package var budgets: [String: Int] = [:]
    /// Whether services are native sidecars; `nil`: by the cluster's version. Nodes may be older than it.
    package var sidecars: Bool?
    /// How long a job waits for room.
    package var roomSeconds = 600
    /// How long its images may fail to come.
    package var imageSeconds = 30

    package struct Profile: Hashable, Sendable {
        package var size = PodSize()
        package var pod = DataObject()
        /// Of the day, in which jobs with it begin; `nil`: at any time.
        package var hours: DayHours?
        /// What a CPU-minute of it takes of a budget.
        package var price = 1.0
    }

    package struct Forks: Hashable, Sendable {
        package enum Sandbox: String, Hashable, Sendable, CaseIterable {
            /// Made inside of the pod, whose image must have it.
            case bubblewrap
            /// The pod itself: it needs a cluster that keeps network policies.
            case pod
        }

        package enum Network: String, Hashable, Sendable, CaseIterable {
            /// The server and the cluster's names alone.
            case none
            /// What is outside of the cluster, too.
            case outside
        }

        package var sandbox = Sandbox.bubblewrap
        /// What policies let their pods reach.
        package var network = Network.none
        /// Of their pods, which are given no token of it; `nil`: the namespace's own.
        package var serviceAccount: String?
        /// `HOST:PORT` that their pods must not reach; `nil`: the cluster's API.
        package var probe: String?
    }

    /// CPU-minutes a day; `nil`: as many as it likes.
    package func budget(of project: String, name: String) -> Int? { budgets[project] ?? budgets[name] ?? budgets["*"] }

    /// The account of a job's pod, where it has one; what is said for its project counts first.
    package func serviceAccount(of demand: PodDemand) -> String? {
        guard let environment = demand.environment else { return nil }
        for project in [demand.project, demand.projectName] where !project.isEmpty {
            if let found = serviceAccounts["\(project)/\(environment)"] { return found }
        }
        return serviceAccounts[environment]
    }

    package init(image: String, tools: String) {
        self.image = image
        self.tools = tools
    }

    /// Labels that the settings give a meaning, beside the sizes.
    package var labels: [String] { ["kubernetes", "cpu-*", "memory-*"] + profiles.keys.sorted() }

    // MARK: reading

    private static let limitBytes = 1 << 20
    private static let keys: Set<String> = [
        "namespace", "image", "tools", "server", "requests", "maximum", "pod", "labels", "serviceAccounts",
        "roomSeconds", "imageSeconds", "forks", "budgets", "sidecars",
    ]

    /// - Throws: ``DiagnosticCode/executorSettings``.
    package static func read(_ path: String) throws(DiagnosticError) -> ExecutorSettings {
        guard let text = try Files.readIfPresent(path, limit: limitBytes) else {
            throw DiagnosticError(
                .executorSettings, "The file '\(path)' is not there.",
                remedy: "Write one as docs/operating/kubernetes.md shows.")
        }
        do throws(DiagnosticError) {
            let root = try YAMLReader.read(text).root
            return try ExecutorSettings(data: root.map { DataValue(yaml: $0) } ?? .null)
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.file = path
            throw DiagnosticError(diagnostic)
        }
    }

    package init(data: DataValue) throws(DiagnosticError) {
        guard let object = data.object else { throw Self.fault("It is no mapping.") }
        if let key = object.keys.first(where: { !Self.keys.contains($0) }) {
            let near = NearestName.find(key, among: Self.keys.sorted())
            throw Self.fault("'\(key)' is no setting.", near.map { "Did you mean '\($0)'?" })
        }
        guard let image = object["image"]?.string, let tools = object["tools"]?.string, !image.isEmpty, !tools.isEmpty
        else { throw Self.fault("'image' (of jobs) and 'tools' (Martlet's own image) are needed.") }
        self.init(image: image, tools: tools)
        namespace = object["namespace"]?.string
        server = object["server"]?.string.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        if let server, !server.hasPrefix("http://"), !server.hasPrefix("https://") {
            throw Self.fault("'server' is no address with http:// or https://: '\(server)'.")
        }
        size = try PodSize(data: object["requests"], "requests")
        maximum = try PodSize(data: object["maximum"], "maximum")
        pod = try Self.object(object["pod"], "pod")
        for (label, value) in try Self.object(object["labels"], "labels") {
            var profile = Profile()
            profile.size = try PodSize(data: value["requests"], "labels.\(label).requests")
            profile.pod = try Self.object(value["pod"], "labels.\(label).pod")
            try profile.readTerms(value, label)
            profiles[label.lowercased()] = profile
        }
        for (name, value) in try Self.object(object["serviceAccounts"], "serviceAccounts") {
            guard let account = value.string else { throw Self.fault("'serviceAccounts.\(name)' is no name.") }
            serviceAccounts[name] = account
        }
        forks = try Forks(data: Self.object(object["forks"], "forks"))
        for (project, value) in try Self.object(object["budgets"], "budgets") {
            guard let most = value["cpuMinutesPerDay"]?.int, most >= 0 else {
                throw Self.fault(
                    "'budgets.\(project)' names no 'cpuMinutesPerDay'.",
                    "Write budgets: {\(project): {cpuMinutesPerDay: 600}}.")
            }
            budgets[project] = most
        }
        sidecars = object["sidecars"]?.bool
        guard sidecars != nil || (object["sidecars"] ?? .null) == .null else {
            throw Self.fault("'sidecars' is true or false.")
        }
        roomSeconds = try Self.seconds(object["roomSeconds"], "roomSeconds") ?? roomSeconds
        imageSeconds = try Self.seconds(object["imageSeconds"], "imageSeconds") ?? imageSeconds
    }

    static func object(_ value: DataValue?, _ key: String) throws(DiagnosticError) -> DataObject {
        guard let value, value != .null else { return DataObject() }
        guard let object = value.object else { throw fault("'\(key)' is no mapping.") }
        return object
    }

    private static func seconds(_ value: DataValue?, _ key: String) throws(DiagnosticError) -> Int? {
        guard let value else { return nil }
        guard let seconds = value.int, (1...86_400).contains(seconds) else {
            throw fault("'\(key)' is a number of seconds from 1 to 86400.")
        }
        return seconds
    }

    static func fault(_ text: String, _ remedy: String? = nil) -> DiagnosticError {
        DiagnosticError(
            .executorSettings, "The settings of the cluster's executor: \(text)",
            remedy: remedy ?? "See docs/operating/kubernetes.md.")
    }
}

extension ExecutorSettings.Profile {
    /// When jobs with the label begin, and what they cost.
    fileprivate mutating func readTerms(_ value: DataValue, _ label: String) throws(DiagnosticError) {
        if let text = value["hours"]?.string {
            guard let read = DayHours(text) else {
                throw ExecutorSettings.fault(
                    "'labels.\(label).hours' is no part of a day: '\(text)'.", "Write 20:00-06:00, in UTC.")
            }
            hours = read
        }
        guard let said = value["price"], said != .null else { return }
        guard case .number(let number) = said, (0...1_000).contains(number) else {
            throw ExecutorSettings.fault("'labels.\(label).price' is a number from 0 to 1000.")
        }
        price = number
    }
}

extension ExecutorSettings.Forks {
    private static let keys: Set<String> = ["sandbox", "network", "serviceAccount", "probe"]

    fileprivate init(data: DataObject) throws(DiagnosticError) {
        if let key = data.keys.first(where: { !Self.keys.contains($0) }) {
            throw ExecutorSettings.fault("'forks.\(key)' is no setting.")
        }
        if let text = data["sandbox"]?.string {
            guard let sandbox = Sandbox(rawValue: text) else {
                throw ExecutorSettings.fault("'forks.sandbox' is 'bubblewrap' or 'pod', and not '\(text)'.")
            }
            self.sandbox = sandbox
        }
        if let text = data["network"]?.string {
            guard let network = Network(rawValue: text) else {
                throw ExecutorSettings.fault("'forks.network' is 'none' or 'outside', and not '\(text)'.")
            }
            self.network = network
        }
        serviceAccount = data["serviceAccount"]?.string
        probe = data["probe"]?.string
        guard probe.map({ NetworkProbe($0) != nil }) ?? true else {
            throw ExecutorSettings.fault("'forks.probe' is no address with a port.", "Write 10.96.0.1:443.")
        }
    }
}

/// What a pod asks for; `nil`: nothing is said.
package struct PodSize: Hashable, Sendable {
    package var milliCPUs: Int?
    package var memoryBytes: Int?

    package init(milliCPUs: Int? = nil, memoryBytes: Int? = nil) {
        self.milliCPUs = milliCPUs
        self.memoryBytes = memoryBytes
    }

    init(data: DataValue?, _ key: String) throws(DiagnosticError) {
        guard let data, data != .null else { return }
        for (name, value) in data.object ?? DataObject() {
            let text = value.coercedText
            switch name {
            case "cpu": milliCPUs = PodQuantity.milliCPUs(text)
            case "memory": memoryBytes = PodQuantity.bytes(text)
            default: throw ExecutorSettings.fault("'\(key)' has 'cpu' and 'memory', and not '\(name)'.")
            }
            guard name == "cpu" ? milliCPUs != nil : memoryBytes != nil else {
                throw ExecutorSettings.fault(
                    "'\(key).\(name)' is no amount: '\(text)'.", "Write 500m, 2, 512Mi or 4Gi.")
            }
        }
    }

    /// What is said in the other counts.
    func overridden(by other: PodSize) -> PodSize {
        PodSize(milliCPUs: other.milliCPUs ?? milliCPUs, memoryBytes: other.memoryBytes ?? memoryBytes)
    }
}
