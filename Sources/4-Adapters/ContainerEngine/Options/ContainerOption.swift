// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// One option of `docker create`, and what it changes.
struct ContainerOption: Sendable {
    enum Effect: Sendable {
        case sets(@Sendable (inout ContainerConfiguration, OptionValue) throws(DiagnosticError) -> Void)
        /// Without a value unless one stands behind `=`.
        case switches(@Sendable (inout ContainerConfiguration, Bool) -> Void)
        /// Known, with a value, and not taken: why.
        case refused(String)
    }

    /// Without the dashes.
    let names: [String]
    let short: Character?
    let effect: Effect

    static func sets(
        _ names: String..., short: Character? = nil,
        _ effect: @escaping @Sendable (inout ContainerConfiguration, OptionValue) throws(DiagnosticError) -> Void
    ) -> ContainerOption {
        ContainerOption(names: names, short: short, effect: .sets(effect))
    }

    static func switches(
        _ name: String, short: Character? = nil,
        _ effect: @escaping @Sendable (inout ContainerConfiguration, Bool) -> Void
    ) -> ContainerOption {
        ContainerOption(names: [name], short: short, effect: .switches(effect))
    }

    static func refused(_ names: String..., because reason: String) -> ContainerOption {
        ContainerOption(names: names, short: nil, effect: .refused(reason))
    }

    var takesValue: Bool { if case .switches = effect { false } else { true } }

    static let all = process + health + resources + surroundings + privileges + refusals

    static let byName = Dictionary(
        all.flatMap { option in option.names.map { ($0, option) } }, uniquingKeysWith: { first, _ in first })

    static let byShortName = Dictionary(
        all.compactMap { option in option.short.map { ($0, option) } }, uniquingKeysWith: { first, _ in first })

    private static let refusals: [ContainerOption] = [
        refused("network", "net", because: "a job's containers share the network that Martlet makes for it"),
        refused("name", because: "Martlet names the containers of a job"),
        refused("env-file", "label-file", "cidfile", because: "files of the machine are not read for it"),
        refused("link", because: "a job's containers find each other by name already"),
        refused("ip", "ip6", "mac-address", because: "the engine chooses addresses in a job's network"),
        refused("log-driver", "log-opt", because: "Martlet reads what the container prints from the engine"),
        refused("volumes-from", "volume-driver", because: "volumes are given with --volume or --mount"),
    ]
}
