// SPDX-License-Identifier: Apache-2.0

internal import ClusterRules
package import StructuredData
internal import Timekeeping

/// What a pod takes of its project's budget; told by the pod itself, so that a runner that begins anew knows it.
package struct PodCharge: Hashable, Sendable {
    /// The project's id.
    package var project: String
    /// Each minute takes so many thousandths of a CPU-minute.
    package var milliCPUs: Int
    /// By the clock of its node, in milliseconds since the epoch; `nil`: not yet.
    package var startedAt: Int64?
    package var finishedAt: Int64?

    static let projectAnnotation = "martlet.dev/project"
    static let chargeAnnotation = "martlet.dev/charge"
    private static let minuteMs = 60_000.0

    package init(project: String, milliCPUs: Int) {
        self.project = project
        self.milliCPUs = milliCPUs
    }

    /// `nil`: it says nothing of it.
    package init?(pod: DataValue) {
        let annotations = pod["metadata"]?["annotations"]
        guard let project = annotations?[Self.projectAnnotation]?.string, !project.isEmpty,
            let amount = annotations?[Self.chargeAnnotation]?.string.flatMap({ Int($0) }), amount > 0
        else { return nil }
        self.init(project: project, milliCPUs: amount)
        let state = PodStatus(pod).job?["state"]
        let times = state?["terminated"] ?? state?["running"]
        startedAt = Self.time(times?["startedAt"])
        finishedAt = Self.time(times?["finishedAt"])
    }

    private static func time(_ value: DataValue?) -> Int64? {
        value?.string.flatMap { Timestamp(iso8601: $0)?.milliseconds }
    }

    /// CPU-minutes until now, or until its end.
    package func cpuMinutes(at now: Int64) -> Double {
        guard let startedAt else { return 0 }
        // A node whose clock is ahead takes nothing rather than giving back.
        return Double(max(0, (finishedAt ?? now) - startedAt)) / Self.minuteMs * Double(milliCPUs) / 1000
    }
}
