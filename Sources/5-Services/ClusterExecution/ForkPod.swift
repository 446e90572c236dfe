// SPDX-License-Identifier: Apache-2.0

internal import ClusterAccess
internal import StructuredData

/// What settings may change of a fork's pod. Whoever opens a pull request chooses its labels, so that only what is named here is taken
/// of them, and all else of the pod stays as it was made: its security contexts, its containers, its volumes, its account, and that it
/// has nothing of its node.
struct ForkPod {
    /// The pod is the sandbox: its security contexts are Martlet's alone.
    let isSandbox: Bool

    /// Where it may run, and before or after whom.
    private static let placement = [
        "affinity", "nodeSelector", "priorityClassName", "schedulerName", "tolerations", "topologySpreadConstraints",
    ]
    /// What every pod has, whatever its labels: said by whoever keeps the cluster. A label could name a weaker runtime.
    private static let common = ["dnsConfig", "dnsPolicy", "imagePullSecrets", "runtimeClassName"]
    /// Others are devices.
    private static let resources = ["cpu", "ephemeral-storage", "memory"]
    private static let workspace = "martlet"

    /// - Parameters:
    ///   - settings: merged into each pod.
    ///   - profiles: of its labels.
    func change(_ spec: inout DataObject, settings: DataObject, profiles: [DataObject]) {
        let made = spec
        ObjectMerging.merge(permitted(of: settings, in: made, Self.placement + Self.common), into: &spec)
        if !isSandbox { ObjectMerging.merge(Self.tightening(settings), into: &spec) }
        for profile in profiles { ObjectMerging.merge(permitted(of: profile, in: made, Self.placement), into: &spec) }
        for key in Self.containerKeys { bound(key, of: made, in: &spec) }
    }

    private static let containerKeys = ["containers", "initContainers"]

    private func permitted(of change: DataObject, in made: DataObject, _ keys: [String]) -> DataObject {
        var kept = DataObject()
        for key in keys { kept.set(key, change[key]) }
        for key in Self.containerKeys {
            let containers = Self.named(change[key], as: made[key]).compactMap(Self.sized)
            if !containers.isEmpty { kept[key] = .array(containers) }
        }
        // Its size, and whether it is in memory.
        let volume = change["volumes"]?.array?.first { $0["name"]?.string == Self.workspace }
        if let folder = volume?["emptyDir"]?.object {
            kept["volumes"] = [["name": .string(Self.workspace), "emptyDir": .object(folder)]]
        }
        return kept
    }

    /// Of containers those that the pod has anyway.
    private static func named(_ containers: DataValue?, as made: DataValue?) -> [DataValue] {
        let names = Set((made?.array ?? []).compactMap { $0["name"]?.string })
        return (containers?.array ?? []).filter { names.contains($0["name"]?.string ?? "") }
    }

    /// Of a container its name and what it asks for, if that is no device.
    private static func sized(_ container: DataValue) -> DataValue? {
        var kept = DataObject()
        for kind in ["limits", "requests"] {
            let amounts = (container["resources"]?[kind]?.object ?? DataObject()).filter { resources.contains($0.0) }
            if !amounts.isEmpty { kept[kind] = .object(DataObject(amounts)) }
        }
        guard !kept.isEmpty, let name = container["name"] else { return nil }
        return ["name": name, "resources": .object(kept)]
    }

    // MARK: memory

    /// No container has more memory than it was made with.
    private func bound(_ key: String, of made: DataObject, in spec: inout DataObject) {
        guard var containers = spec[key]?.array else { return }
        for index in containers.indices {
            let before = made[key]?.array?.first { $0["name"] == containers[index]["name"] }
            guard var most = before?["resources"]?["limits"]?["memory"], var container = containers[index].object,
                var resources = container["resources"]?.object
            else { continue }
            // What is asked for is no more than the limit, as it is then.
            for kind in ["limits", "requests"] {
                guard var amounts = resources[kind]?.object, let asked = amounts["memory"] else { continue }
                if !Self.isWithin(asked, most) { amounts["memory"] = most }
                if kind == "limits", let limit = amounts["memory"] { most = limit }
                resources[kind] = .object(amounts)
            }
            container["resources"] = .object(resources)
            containers[index] = .object(container)
        }
        spec[key] = .array(containers)
    }

    private static func isWithin(_ amount: DataValue, _ most: DataValue) -> Bool {
        guard let bytes = PodQuantity.bytes(amount.coercedText), let mostBytes = PodQuantity.bytes(most.coercedText)
        else { return false }
        return bytes <= mostBytes
    }

    // MARK: security contexts

    private static let identity = [
        "fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsUser", "supplementalGroups",
    ]

    /// Where the sandbox is inside of the pod: what settings take from every pod, they take from a fork's. A label takes nothing and
    /// gives nothing.
    private static func tightening(_ settings: DataObject) -> DataObject {
        var kept = DataObject()
        kept.set("securityContext", tightening(settings["securityContext"]))
        for key in containerKeys {
            let containers = (settings[key]?.array ?? []).compactMap { container -> DataValue? in
                guard let name = container["name"], let context = tightening(container["securityContext"]),
                    names.contains(name.string ?? "")
                else { return nil }
                return ["name": name, "securityContext": context]
            }
            if !containers.isEmpty { kept[key] = .array(containers) }
        }
        return kept
    }

    /// Of a job's pod that is no sandbox: others are services.
    private static let names: Set<String> = [JobManifest.jobContainer, "tools"]

    private static func tightening(_ context: DataValue?) -> DataValue? {
        guard let context else { return nil }
        var kept = DataObject()
        for key in identity { kept.set(key, context[key]) }
        // Nobody may be made root that was not.
        if context["runAsUser"]?.int == 0 { kept["runAsUser"] = nil }
        for key in ["readOnlyRootFilesystem", "runAsNonRoot"] where context[key]?.bool == true { kept[key] = true }
        if context["allowPrivilegeEscalation"]?.bool == false { kept["allowPrivilegeEscalation"] = false }
        if let dropped = context["capabilities"]?["drop"] { kept["capabilities"] = ["drop": dropped] }
        // Any: the runtime's own may keep the sandbox from being made.
        kept.set("seccompProfile", context["seccompProfile"])
        return kept.isEmpty ? nil : .object(kept)
    }
}
