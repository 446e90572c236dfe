// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
package import Diagnostics
internal import FileAccess
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
    /// By environment.
    package var serviceAccounts: [String: String] = [:]
    /// How long a job waits for room.
    package var roomSeconds = 600
    /// How long its images may fail to come.
    package var imageSeconds = 30

    package struct Profile: Hashable, Sendable {
        package var size = PodSize()
        package var pod = DataObject()
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
        "roomSeconds", "imageSeconds",
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
            profiles[label.lowercased()] = profile
        }
        for (name, value) in try Self.object(object["serviceAccounts"], "serviceAccounts") {
            guard let account = value.string else { throw Self.fault("'serviceAccounts.\(name)' is no name.") }
            serviceAccounts[name] = account
        }
        roomSeconds = try Self.seconds(object["roomSeconds"], "roomSeconds") ?? roomSeconds
        imageSeconds = try Self.seconds(object["imageSeconds"], "imageSeconds") ?? imageSeconds
    }

    private static func object(_ value: DataValue?, _ key: String) throws(DiagnosticError) -> DataObject {
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
