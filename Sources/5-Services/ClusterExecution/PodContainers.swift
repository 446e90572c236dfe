// SPDX-License-Identifier: Apache-2.0

internal import RunCoordination
internal import RunnerProtocol
internal import StructuredData

/// The containers of a job's pod.
struct PodContainers {
    let manifest: JobManifest
    let lease: LeaseKey
    let demand: PodDemand

    private static let mount: DataValue = ["name": "martlet", "mountPath": .string(JobManifest.toolsFolder)]
    private var isSandbox: Bool { manifest.isPodSandbox(demand) }
    private var sizing: PodSizing { PodSizing(settings: manifest.settings, demand: demand) }

    var tools: DataValue {
        var container: DataObject = [
            "name": "tools", "image": .string(manifest.settings.tools), "volumeMounts": [Self.mount],
            "command": ["cp", "-R", "/opt/martlet/.", .string(JobManifest.toolsFolder + "/")],
            "resources": ["requests": ["cpu": "10m", "memory": "16Mi"], "limits": ["memory": "256Mi"]],
        ]
        if isSandbox { container["securityContext"] = Self.restricted }
        return .object(container)
    }

    /// Sees whether the pod's network is closed, before anything of the workflow's is there: its image and its variables are not the
    /// workflow's.
    var probes: [DataValue] {
        guard isSandbox else { return [] }
        return [
            [
                "name": .string(JobManifest.probeContainer), "image": .string(manifest.settings.tools),
                "volumeMounts": [Self.mount], "securityContext": Self.restricted,
                "command": [
                    .string(JobManifest.program), "runner", "probe",
                    .string(manifest.settings.forks.probe ?? NetworkProbe.own),
                ],
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "resources": ["requests": ["cpu": "10m", "memory": "64Mi"], "limits": ["memory": "256Mi"]],
            ]
        ]
    }

    func job(_ size: PodSize) -> DataValue {
        var variables = variables(demand.container?.environment ?? [], place: 0)
        if isSandbox {
            variables.insert(["name": "HOME", "value": .string(PodLease.home(JobManifest.toolsFolder))], at: 0)
        }
        var container: DataObject = [
            "name": .string(JobManifest.jobContainer),
            "image": .string(demand.container?.image ?? manifest.settings.image),
            "command": [
                .string(JobManifest.program), "runner", "carry", "--lease",
                .string("\(JobManifest.leaseFolder)/\(PodLease.fileName)"),
            ],
            "workingDir": .string(JobManifest.toolsFolder), "env": .array(variables),
            "volumeMounts": [
                Self.mount,
                ["name": "lease", "mountPath": .string(JobManifest.leaseFolder), "readOnly": true],
            ],
        ]
        container.set("resources", sizing.resources(size))
        if isSandbox { container["securityContext"] = Self.restricted }
        return .object(container)
    }

    var services: [DataValue] {
        let names = Self.names(demand.services.map(\.name))
        return demand.services.enumerated().map { service($1, names[$0], place: $0 + 1) }
    }

    private func service(_ service: PodDemand.Container, _ name: String, place: Int) -> DataValue {
        var container: DataObject = [
            "name": .string(name), "image": .string(service.image),
            "env": .array(variables(service.environment, place: place)), "volumeMounts": [Self.mount],
        ]
        if !service.entrypoint.isEmpty { container["command"] = Self.words(service.entrypoint) }
        if !service.arguments.isEmpty { container["args"] = Self.words(service.arguments) }
        container.set(
            "resources",
            sizing.resources(PodSize(milliCPUs: service.milliCPUs, memoryBytes: service.memoryBytes)))
        if let health = service.health {
            let marker = "\(JobManifest.toolsFolder)/\(PodPlace.readyMarker(service.name))"
            let mark = [JobManifest.program, "runner", "mark", marker, "--"]
            container["readinessProbe"] = [
                "exec": ["command": .array((mark + health.command).map(DataValue.string))],
                "initialDelaySeconds": .number(Double(health.startSeconds)),
                "periodSeconds": .number(Double(health.intervalSeconds)),
                "timeoutSeconds": .number(Double(health.timeoutSeconds)),
                "failureThreshold": .number(Double(health.retries)),
            ]
        }
        if isSandbox { container["securityContext"] = Self.baseline }
        if manifest.hasSidecars {
            container["restartPolicy"] = "Always"
        } else {
            container["livenessProbe"] = Self.overProbe
        }
        return .object(container)
    }

    /// The job is over once its marker is there: then the container fails this, and is ended.
    private static let overProbe: DataValue = [
        "exec": [
            "command": [
                .string(JobManifest.program), "runner", "mark", "--absent",
                .string("\(JobManifest.toolsFolder)/\(PodPlace.overMarker)"),
            ]
        ],
        "periodSeconds": 5, "failureThreshold": 1, "timeoutSeconds": 20,
    ]

    // MARK: forks

    /// Nobody: the same as in Martlet's own image.
    private static let nobody = 10_001

    /// Of the whole pod, whose services may be anybody.
    static let podSecurity: DataValue = [
        "fsGroup": .number(Double(nobody)), "seccompProfile": ["type": "RuntimeDefault"],
    ]

    /// The standard that Kubernetes calls restricted.
    private static let restricted: DataValue = [
        "runAsNonRoot": true, "runAsUser": .number(Double(nobody)), "runAsGroup": .number(Double(nobody)),
        "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]],
    ]

    /// For images that begin as root and become somebody else, as databases' do.
    private static let baseline: DataValue = [
        "allowPrivilegeEscalation": false,
        "capabilities": [
            "drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE", "SETGID", "SETUID"],
        ],
    ]

    // MARK: texts

    /// Values are in the Secret: who may see pods sees none of them.
    private func variables(_ entries: [String], place: Int) -> [DataValue] {
        entries.enumerated().map { index, entry in
            [
                "name": .string(Self.variable(entry).name),
                "valueFrom": [
                    "secretKeyRef": [
                        "name": .string(manifest.names.name(lease)), "key": .string(JobManifest.key(place, index)),
                    ]
                ],
            ]
        }
    }

    /// Of `NAME=value`.
    static func variable(_ entry: String) -> (name: String, value: String) {
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
    }

    /// A dollar sign would begin a reference to a variable.
    private static func words(_ words: [String]) -> DataValue {
        .array(
            words.map { word in
                .string(word.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"))
            })
    }

    /// What containers may be called: each another way.
    static func names(_ services: [String]) -> [String] {
        var taken: Set<String> = []
        return services.enumerated().map { index, service in
            let label = label(service)
            var name = label.isEmpty ? "service-\(index)" : "service-" + label
            if !taken.insert(name).inserted {
                name += "-\(index)"
                taken.insert(name)
            }
            return name
        }
    }

    private static let nameBytes = 50

    private static func label(_ text: String) -> String {
        let plain = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(String(plain).prefix(nameBytes).reversed().drop { $0 == "-" }.reversed())
    }
}
