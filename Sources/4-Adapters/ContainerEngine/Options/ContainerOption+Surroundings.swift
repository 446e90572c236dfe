// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension ContainerOption {
    /// Files, networks and ports.
    static let surroundings: [ContainerOption] = [
        sets("volume", short: "v") { (container, value) throws(DiagnosticError) in
            container.volumes.append(try VolumeMount(value.text))
        },
        sets("mount") { (container, value) throws(DiagnosticError) in
            container.mounts.append(try mount(value))
        },
        sets("tmpfs") { container, value in
            let parts = value.text.split(separator: ":", maxSplits: 1).map(String.init)
            container.tmpfs[parts.first ?? ""] = parts.count == 2 ? parts[1] : ""
        },
        sets("publish", short: "p") { (container, value) throws(DiagnosticError) in
            container.ports += try PortMapping.parse(value.text)
        },
        sets("network-alias", "net-alias") { $0.network.aliases.append($1.text) },
        sets("add-host") { (container, value) throws(DiagnosticError) in
            let hasEquals = value.text.contains("=")
            let (name, address) = try value.pair(hasEquals ? "=" : ":", "name:address")
            container.network.extraHosts.append("\(name):\(address)")
        },
        sets("dns") { $0.network.dnsServers.append($1.text) },
        sets("dns-search") { $0.network.dnsSearch.append($1.text) },
        sets("dns-option", "dns-opt") { $0.network.dnsOptions.append($1.text) },
    ]

    /// `type=bind,source=/a,target=/b,readonly`
    private static func mount(_ value: OptionValue) throws(DiagnosticError) -> StructuredMount {
        var mount = StructuredMount(kind: .volume, source: nil, target: "")
        for field in value.text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let setting = parts.count == 2 ? parts[1] : nil
            switch (parts[0], setting) {
            case ("type", let text?):
                guard let kind = StructuredMount.Kind(rawValue: text) else {
                    throw value.failure("type=bind, type=volume or type=tmpfs")
                }
                mount.kind = kind
            case ("source", let text?), ("src", let text?): mount.source = text
            case ("target", let text?), ("dst", let text?), ("destination", let text?): mount.target = text
            case ("readonly", _), ("ro", _): mount.isReadOnly = !["false", "0"].contains(setting)
            case ("tmpfs-size", let text?):
                let size = OptionValue(option: value.option, text: text, environment: [:])
                mount.tmpfsSizeBytes = try size.bytes()
            default: throw value.failure("no field '\(parts[0])', or a value for it")
            }
        }
        guard mount.target.hasPrefix("/") else { throw value.failure("target=/path/in/container") }
        guard mount.kind != .bind || mount.source?.hasPrefix("/") == true else {
            throw value.failure("source=/path/of/the/machine")
        }
        return mount
    }
}
