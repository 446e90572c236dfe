// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData

/// What a workflow says of a container: `container`, or an entry of `services`.
struct ContainerDefinition {
    var image: String
    var environment: [String] = []
    var ports: [PortMapping] = []
    var volumes: [VolumeMount] = []
    var options = ""
    var credentials: RegistryCredentials?
    /// Of a service.
    var entrypoint: String?
    var command: String?

    /// - Parameters:
    ///   - value: an image's name, or a mapping.
    ///   - name: as messages say it.
    init(_ value: DataValue, name: String) throws(DiagnosticError) {
        let text = value.string ?? value["image"]?.string ?? ""
        image = text.hasPrefix("docker://") ? String(text.dropFirst("docker://".count)) : text
        guard !image.isEmpty else {
            throw DiagnosticError(
                .containerDefinitionInvalid, "The \(name) has no image.", remedy: "Name one with 'image:'.")
        }
        guard let object = value.object else { return }
        environment = try Self.object(object["env"], "env", name).map { "\($0)=\($1.coercedToString)" }
        for text in try Self.texts(object["ports"], "ports", name) { ports += try PortMapping.parse(text) }
        for text in try Self.texts(object["volumes"], "volumes", name) { volumes.append(try VolumeMount(text)) }
        options = object["options"]?.coercedToString ?? ""
        entrypoint = object["entrypoint"]?.string
        command = object["command"]?.string
        let login = try Self.object(object["credentials"], "credentials", name)
        if let user = login["username"]?.coercedToString, let password = login["password"]?.coercedToString,
            !user.isEmpty, !password.isEmpty
        {
            credentials = RegistryCredentials(username: user, password: password, server: Self.server(of: image))
        }
    }

    private static func object(
        _ value: DataValue?, _ key: String, _ name: String
    ) throws(DiagnosticError) -> DataObject {
        guard let value, value != .null, value != .string("") else { return DataObject() }
        guard let object = value.object else { throw invalid(key, "a mapping", name) }
        return object
    }

    private static func texts(_ value: DataValue?, _ key: String, _ name: String) throws(DiagnosticError) -> [String] {
        guard let value, value != .null, value != .string("") else { return [] }
        guard let items = value.array else { throw invalid(key, "a list", name) }
        return items.map(\.coercedToString).filter { !$0.isEmpty }
    }

    private static func invalid(_ key: String, _ wanted: String, _ name: String) -> DiagnosticError {
        DiagnosticError(.containerDefinitionInvalid, "The '\(key)' of the \(name) is not \(wanted).")
    }

    /// The first part of an image's name, where that is a host: it has a dot or a port, or is `localhost`.
    static func server(of image: String) -> String {
        let parts = image.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let first = parts.first else { return "" }
        return first.contains(".") || first.contains(":") || first == "localhost" ? String(first) : ""
    }
}
