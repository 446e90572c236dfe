// SPDX-License-Identifier: Apache-2.0

internal import ClusterRules
internal import Credentials
package import Diagnostics
package import RunCoordination
package import RunnerProtocol
package import StructuredData

/// The Job and the Secret that a lease becomes. A value: what is asked for in, objects out.
package struct JobManifest: Sendable {
    package var settings: ExecutorSettings
    package var names: LeaseNames
    /// Where pods reach the server.
    package var server: String
    /// Containers that end with the others: from 1.29 on.
    package var hasSidecars: Bool
    /// Certificates that pods trust beside their images', as PEM; `nil`: none.
    package var authorities: String?

    package init(settings: ExecutorSettings, names: LeaseNames, server: String, hasSidecars: Bool) {
        self.settings = settings
        self.names = names
        self.server = server
        self.hasSidecars = hasSidecars
    }

    /// The program and what it needs, in every container of the pod.
    static let toolsFolder = "/martlet"
    static let leaseFolder = "/martlet-lease"
    static let jobContainer = PodStatus.jobContainer
    static let probeContainer = PodStatus.probeContainer
    static let program = "/martlet/bin/martlet"
    /// A Job is still there so long after its job's own time.
    private static let marginSeconds: Int64 = 120
    private static let keptSeconds = 600.0

    // MARK: the secret

    /// What nobody is to read who may see pods. The first has the job's credential, the variables of the workflow's containers, and of
    /// each registry a login; the others have the further logins to one: a list of logins names a registry once, and a node tries those
    /// of all lists.
    package func secrets(
        _ lease: LeaseKey, _ demand: PodDemand, credential: LeaseCredential
    ) -> [DataValue] {
        var told = PodLease(
            lease: lease, server: server, credential: credential.text,
            awaited: demand.services.filter { $0.health != nil }.map(\.name))
        told.authorities = authorities
        told.hosts = demand.services.map { $0.name.lowercased() }.filter { !Self.isHostName($0) }
        told.isSandbox = isPodSandbox(demand)
        var data: DataObject = [PodLease.fileName: .string(told.data.jsonText())]
        for (key, value) in variables(demand) { data[key] = .string(value) }
        var lists = RegistryLogins.lists(demand)
        if let first = lists.first { data[RegistryLogins.key] = .string(first.jsonText()) } else { lists = [.null] }
        return lists.enumerated().map { index, list in
            var metadata = metadata(lease, demand)
            metadata["name"] = .string(RegistryLogins.secretName(names.name(lease), index))
            return [
                "apiVersion": "v1", "kind": "Secret", "type": list == .null ? "Opaque" : RegistryLogins.type,
                "metadata": .object(metadata),
                "stringData": index == 0 ? .object(data) : [RegistryLogins.key: .string(list.jsonText())],
            ]
        }
    }

    private func metadata(_ lease: LeaseKey, _ demand: PodDemand, isNamed: Bool = true) -> DataObject {
        var labels = names.labels(lease, isForeign: demand.isForeign)
        if demand.isForeign { labels[LeaseNames.networkLabel] = .string(settings.forks.network.rawValue) }
        var metadata: DataObject = [
            "labels": .object(labels), "annotations": .object(LeaseNames.annotations(lease)),
        ]
        if isNamed { metadata["name"] = .string(names.name(lease)) }
        return metadata
    }

    // MARK: the job

    /// - Throws: ``DiagnosticCode/podSizeRefused``.
    package func job(_ lease: LeaseKey, _ demand: PodDemand) throws(DiagnosticError) -> DataValue {
        let seconds = (demand.timeoutMs + demand.cancelTimeoutMs) / 1000 + Self.marginSeconds
        let sizing = PodSizing(settings: settings, demand: demand)
        let size = try sizing.job()
        var spec = podSpec(lease, demand, size)
        let profiles = demand.labels.compactMap { settings.profiles[$0]?.pod }
        if demand.isForeign {
            ForkPod(isSandbox: isPodSandbox(demand)).change(&spec, settings: settings.pod, profiles: profiles)
            spec["serviceAccountName"] = settings.forks.serviceAccount.map(DataValue.string)
        } else {
            for change in [settings.pod] + profiles { ObjectMerging.merge(change, into: &spec) }
        }
        var template = metadata(lease, demand, isNamed: false)
        template["annotations"] = .object(
            LeaseNames.annotations(lease, PodCharge(project: demand.project, milliCPUs: sizing.charge(size))))
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": .object(metadata(lease, demand)),
            "spec": [
                "backoffLimit": 0, "activeDeadlineSeconds": .number(Double(seconds + Int64(settings.roomSeconds))),
                "ttlSecondsAfterFinished": .number(Self.keptSeconds),
                "template": ["metadata": .object(template), "spec": .object(spec)],
            ],
        ]
    }

    private func podSpec(_ lease: LeaseKey, _ demand: PodDemand, _ size: PodSize) -> DataObject {
        let containers = PodContainers(manifest: self, lease: lease, demand: demand)
        let services = containers.services
        let secret = DataValue.string(names.name(lease))
        var spec: DataObject = [
            "restartPolicy": "Never", "enableServiceLinks": false, "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 10,
            "initContainers": .array([containers.tools] + containers.probes + (hasSidecars ? services : [])),
            "containers": .array([containers.job(size)] + (hasSidecars ? [] : services)),
            "volumes": [
                ["name": "martlet", "emptyDir": [:]],
                [
                    "name": "lease",
                    // Its other keys are for the cluster alone.
                    "secret": [
                        "secretName": secret, "defaultMode": 0o444,
                        "items": [["key": .string(PodLease.fileName), "path": .string(PodLease.fileName)]],
                    ],
                ],
            ],
        ]
        let hosts = demand.services.map { $0.name.lowercased() }.filter(Self.isHostName)
        if !hosts.isEmpty {
            spec["hostAliases"] = [["ip": "127.0.0.1", "hostnames": .array(hosts.map(DataValue.string))]]
        }
        let logins = RegistryLogins.lists(demand).indices
        if !logins.isEmpty {
            spec["imagePullSecrets"] = .array(
                logins.map { ["name": .string(RegistryLogins.secretName(names.name(lease), $0))] })
        }
        if isPodSandbox(demand) { spec["securityContext"] = PodContainers.podSecurity }
        if !demand.isForeign, let account = settings.serviceAccount(of: demand) {
            spec["serviceAccountName"] = .string(account)
            spec["automountServiceAccountToken"] = true
        }
        return spec
    }

    // MARK: forks

    /// Whether the pod is what keeps a fork's steps from everything else, with no sandbox inside of it.
    func isPodSandbox(_ demand: PodDemand) -> Bool { demand.isForeign && settings.forks.sandbox == .pod }

    // MARK: names

    /// What the API takes for a host's name (RFC 1123).
    static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && part.first != "-" && part.last != "-"
                    && part.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            }
    }

    /// The variables of the workflow's containers, by their keys in the Secret.
    private func variables(_ demand: PodDemand) -> [(key: String, value: String)] {
        let all = [demand.container?.environment ?? []] + demand.services.map(\.environment)
        return all.enumerated().flatMap { place, entries in
            entries.enumerated().map { index, entry in
                (Self.key(place, index), PodContainers.variable(entry).value)
            }
        }
    }

    /// - Parameter place: 0: the job's own container; else the service, from 1.
    static func key(_ place: Int, _ index: Int) -> String { "variable-\(place)-\(index)" }
}
