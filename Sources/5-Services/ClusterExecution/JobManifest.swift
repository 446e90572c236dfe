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
    private static let program = "/martlet/bin/martlet"
    /// A Job is still there so long after its job's own time.
    private static let marginSeconds: Int64 = 120
    private static let keptSeconds = 600.0

    // MARK: the secret

    package func secret(
        _ lease: LeaseKey, _ demand: PodDemand, credential: LeaseCredential
    ) -> DataValue {
        var told = PodLease(
            lease: lease, server: server, credential: credential.text,
            awaited: demand.services.filter { $0.health != nil }.map(\.name))
        told.authorities = authorities
        var data: DataObject = [PodLease.fileName: .string(told.data.jsonText())]
        let logins = ([demand.container].compactMap { $0 } + demand.services).compactMap(\.login)
        if !logins.isEmpty {
            let auths = logins.map { login -> (String, DataValue) in
                let pair = Base64Text.text(Array("\(login.username):\(login.password)".utf8), .standard, isPadded: true)
                return (login.server.isEmpty ? "https://index.docker.io/v1/" : login.server, ["auth": .string(pair)])
            }
            data[".dockerconfigjson"] = .string((["auths": .object(DataObject(auths))] as DataValue).jsonText())
        }
        return [
            "apiVersion": "v1", "kind": "Secret",
            "type": logins.isEmpty ? "Opaque" : "kubernetes.io/dockerconfigjson",
            "metadata": metadata(lease, demand), "stringData": .object(data),
        ]
    }

    private func metadata(_ lease: LeaseKey, _ demand: PodDemand, isNamed: Bool = true) -> DataValue {
        var metadata: DataObject = [
            "labels": .object(names.labels(lease, isForeign: demand.isForeign)),
            "annotations": .object(LeaseNames.annotations(lease)),
        ]
        if isNamed { metadata["name"] = .string(names.name(lease)) }
        return .object(metadata)
    }

    // MARK: the job

    /// - Throws: ``DiagnosticCode/podSizeRefused``.
    package func job(_ lease: LeaseKey, _ demand: PodDemand) throws(DiagnosticError) -> DataValue {
        let seconds = (demand.timeoutMs + demand.cancelTimeoutMs) / 1000 + Self.marginSeconds
        var spec = try podSpec(lease, demand)
        Self.merge(settings.pod, into: &spec)
        for label in demand.labels {
            if let profile = settings.profiles[label] { Self.merge(profile.pod, into: &spec) }
        }
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(lease, demand),
            "spec": [
                "backoffLimit": 0, "activeDeadlineSeconds": .number(Double(seconds + Int64(settings.roomSeconds))),
                "ttlSecondsAfterFinished": .number(Self.keptSeconds),
                "template": ["metadata": metadata(lease, demand, isNamed: false), "spec": .object(spec)],
            ],
        ]
    }

    private func podSpec(_ lease: LeaseKey, _ demand: PodDemand) throws(DiagnosticError) -> DataObject {
        let services = demand.services.map { service($0) }
        var spec: DataObject = [
            "restartPolicy": "Never", "enableServiceLinks": false, "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 10,
            "initContainers": .array([tools] + (hasSidecars ? services : [])),
            "containers": .array([try jobContainer(demand)] + (hasSidecars ? [] : services)),
            "volumes": [
                ["name": "martlet", "emptyDir": [:]],
                ["name": "lease", "secret": ["secretName": .string(names.name(lease)), "defaultMode": 0o444]],
            ],
        ]
        if !demand.services.isEmpty {
            spec["hostAliases"] = [
                ["ip": "127.0.0.1", "hostnames": .array(demand.services.map { .string($0.name.lowercased()) })]
            ]
        }
        if demand.container?.login != nil || demand.services.contains(where: { $0.login != nil }) {
            spec["imagePullSecrets"] = [["name": .string(names.name(lease))]]
        }
        if let environment = demand.environment, let account = settings.serviceAccounts[environment],
            !demand.isForeign
        {
            spec["serviceAccountName"] = .string(account)
            spec["automountServiceAccountToken"] = true
        }
        return spec
    }

    private static let mount: DataValue = ["name": "martlet", "mountPath": .string(toolsFolder)]

    private var tools: DataValue {
        [
            "name": "tools", "image": .string(settings.tools), "volumeMounts": [Self.mount],
            "command": ["cp", "-R", "/opt/martlet/.", .string(Self.toolsFolder + "/")],
            "resources": ["requests": ["cpu": "10m", "memory": "16Mi"]],
        ]
    }

    private func jobContainer(_ demand: PodDemand) throws(DiagnosticError) -> DataValue {
        var container: DataObject = [
            "name": .string(Self.jobContainer), "image": .string(demand.container?.image ?? settings.image),
            "command": [
                .string(Self.program), "runner", "carry", "--lease",
                .string("\(Self.leaseFolder)/\(PodLease.fileName)"),
            ],
            "workingDir": .string(Self.toolsFolder), "env": .array(Self.variables(demand.container?.environment ?? [])),
            "volumeMounts": [
                Self.mount, ["name": "lease", "mountPath": .string(Self.leaseFolder), "readOnly": true],
            ],
        ]
        container.set("resources", Self.resources(try size(demand)))
        return .object(container)
    }

    private func service(_ service: PodDemand.Container) -> DataValue {
        var container: DataObject = [
            "name": .string("service-" + Self.label(service.name)), "image": .string(service.image),
            "env": .array(Self.variables(service.environment)), "volumeMounts": [Self.mount],
        ]
        if !service.entrypoint.isEmpty { container["command"] = .array(service.entrypoint.map(DataValue.string)) }
        if !service.arguments.isEmpty { container["args"] = .array(service.arguments.map(DataValue.string)) }
        container.set(
            "resources",
            Self.resources(PodSize(milliCPUs: service.milliCPUs, memoryBytes: service.memoryBytes)))
        if let health = service.health {
            let marker = "\(Self.toolsFolder)/\(PodPlace.readyMarker(service.name))"
            let mark = [Self.program, "runner", "mark", marker, "--"]
            container["readinessProbe"] = [
                "exec": ["command": .array((mark + health.command).map(DataValue.string))],
                "initialDelaySeconds": .number(Double(health.startSeconds)),
                "periodSeconds": .number(Double(health.intervalSeconds)),
                "timeoutSeconds": .number(Double(health.timeoutSeconds)),
                "failureThreshold": .number(Double(health.retries)),
            ]
        }
        if hasSidecars {
            container["restartPolicy"] = "Always"
        } else {
            // The job is over once its marker is there: then the container fails this, and is ended.
            container["livenessProbe"] = [
                "exec": [
                    "command": [
                        .string(Self.program), "runner", "mark", "--absent",
                        .string("\(Self.toolsFolder)/\(PodPlace.overMarker)"),
                    ]
                ],
                "periodSeconds": 5, "failureThreshold": 1, "timeoutSeconds": 20,
            ]
        }
        return .object(container)
    }

    // MARK: sizes

    /// What the job's labels ask for, else its container's options, its profiles, the settings.
    private func size(_ demand: PodDemand) throws(DiagnosticError) -> PodSize {
        var size = settings.size
        for label in demand.labels {
            if let profile = settings.profiles[label] { size = size.overridden(by: profile.size) }
        }
        size = size.overridden(
            by: PodSize(milliCPUs: demand.container?.milliCPUs, memoryBytes: demand.container?.memoryBytes))
        for label in demand.labels {
            if label.hasPrefix("cpu-") {
                guard let amount = PodQuantity.milliCPUs(String(label.dropFirst(4))) else { throw Self.noSize(label) }
                size.milliCPUs = amount
            } else if label.hasPrefix("memory-") {
                guard let amount = PodQuantity.bytes(String(label.dropFirst(7))) else { throw Self.noSize(label) }
                size.memoryBytes = amount
            }
        }
        if let most = settings.maximum.milliCPUs, let asked = size.milliCPUs, asked > most {
            throw Self.tooMuch("\(PodQuantity.text(milliCPUs: asked)) CPU", PodQuantity.text(milliCPUs: most))
        }
        if let most = settings.maximum.memoryBytes, let asked = size.memoryBytes, asked > most {
            throw Self.tooMuch("\(PodQuantity.text(bytes: asked)) of memory", PodQuantity.text(bytes: most))
        }
        return size
    }

    private static func noSize(_ label: String) -> DiagnosticError {
        DiagnosticError(
            .podSizeRefused, "The label '\(label)' is no size.",
            remedy: "Write cpu-2, cpu-500m, memory-512Mi or memory-4Gi.")
    }

    private static func tooMuch(_ asked: String, _ most: String) -> DiagnosticError {
        DiagnosticError(
            .podSizeRefused, "The job asks for \(asked), and may have \(most) at most.",
            remedy: "Ask for less, or have 'maximum' raised in the settings of the cluster's executor.")
    }

    /// Memory is limited to what is asked for; processors are shared beyond it.
    private static func resources(_ size: PodSize) -> DataValue? {
        var requests = DataObject()
        var limits = DataObject()
        if let amount = size.milliCPUs { requests["cpu"] = .string(PodQuantity.text(milliCPUs: amount)) }
        if let amount = size.memoryBytes {
            requests["memory"] = .string(PodQuantity.text(bytes: amount))
            limits["memory"] = requests["memory"]
        }
        guard !requests.isEmpty else { return nil }
        var object: DataObject = ["requests": .object(requests)]
        if !limits.isEmpty { object["limits"] = .object(limits) }
        return .object(object)
    }

    // MARK: texts

    private static func variables(_ entries: [String]) -> [DataValue] {
        entries.map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A dollar sign would begin a reference.
            let value = (parts.count > 1 ? String(parts[1]) : "").split(
                separator: "$", omittingEmptySubsequences: false
            ).joined(separator: "$$")
            return ["name": .string(String(parts[0])), "value": .string(value)]
        }
    }

    /// What a container's name may have.
    static func label(_ text: String) -> String {
        let plain = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(String(plain).prefix(50).reversed().drop { $0 == "-" }.reversed())
    }

    /// Mappings are merged, lists put together, anything else replaced. Of the containers those of one name are merged.
    static func merge(_ change: DataObject, into object: inout DataObject) {
        for (key, value) in change {
            switch (object[key], value) {
            case (.object(var old)?, .object(let new)):
                merge(new, into: &old)
                object[key] = .object(old)
            case (.array(let old)?, .array(let new)):
                object[key] = .array(merged(old, new))
            default: object[key] = value
            }
        }
    }

    private static func merged(_ old: [DataValue], _ new: [DataValue]) -> [DataValue] {
        var items = old
        for item in new {
            let name = item["name"]?.string
            if let name, let index = items.firstIndex(where: { $0["name"]?.string == name }),
                var known = items[index].object, let change = item.object
            {
                merge(change, into: &known)
                items[index] = .object(known)
            } else {
                items.append(item)
            }
        }
        return items
    }
}
