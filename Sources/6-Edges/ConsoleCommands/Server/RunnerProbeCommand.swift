// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ClusterExecution

/// In a pod, before a fork's job: whether the cluster keeps it from its network.
struct RunnerProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "See that an address is not reached; for a cluster's pods.",
        shouldDisplay: false)

    @Argument(help: ArgumentHelp("HOST:PORT, or 'api' for the cluster's.", valueName: "address"))
    var address: String

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            try NetworkProbe.named(address, environment: console.environment).requireClosed()
        }
    }
}
