// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// What an engine tells about an image.
package struct ImageReport: Hashable, Sendable {
    package var id: String
    package var tags: [String]
    /// `name@sha256:…`.
    package var digests: [String]
    package var operatingSystem: String
    package var architecture: String
    package var sizeBytes: Int
    package var environment: [String]
    package var entrypoint: [String]
    package var command: [String]
    package var workingDirectory: String
    package var user: String
    package var labels: [String: String]
    /// `80/tcp`.
    package var exposedPorts: [String]
    package var hasHealthCheck: Bool

    init(_ data: DataValue) throws(DataShapeError) {
        id = try data.string("Id")
        tags = data.strings("RepoTags")
        digests = data.strings("RepoDigests")
        operatingSystem = data["Os"]?.string ?? ""
        architecture = data["Architecture"]?.string ?? ""
        sizeBytes = data["Size"]?.int ?? 0
        let config = data["Config"] ?? [:]
        environment = config.strings("Env")
        entrypoint = config.strings("Entrypoint")
        command = config.strings("Cmd")
        workingDirectory = config["WorkingDir"]?.string ?? ""
        user = config["User"]?.string ?? ""
        labels = config["Labels"]?.stringMap ?? [:]
        exposedPorts = config["ExposedPorts"]?.object?.keys ?? []
        let test = config["Healthcheck"]?.strings("Test") ?? []
        hasHealthCheck = !test.isEmpty && test != ["NONE"]
    }
}

/// An image's name, taken apart: `registry/name:tag` or `registry/name@sha256:…`.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    package var name: String
    /// A tag, or a digest with its `sha256:`.
    package var version: String

    /// Without a tag or a digest it is `latest`.
    package init(_ text: String) {
        if let at = text.firstIndex(of: "@") {
            version = String(text[text.index(after: at)...])
            name = Self.withoutTag(String(text[..<at])).name
        } else {
            let parts = Self.withoutTag(text)
            name = parts.name
            version = parts.tag ?? "latest"
        }
    }

    /// A colon before the last slash is a registry's port.
    private static func withoutTag(_ text: String) -> (name: String, tag: String?) {
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else { return (text, nil) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    package var description: String { name + (version.contains(":") ? "@" : ":") + version }
}

/// A way into a registry.
package struct RegistryCredentials: Hashable, Sendable {
    package var username: String
    package var password: String
    /// `registry.example`; empty: the engine's default registry.
    package var server: String

    package init(username: String, password: String, server: String = "") {
        self.username = username
        self.password = password
        self.server = server
    }

    var data: DataValue {
        ["username": .string(username), "password": .string(password), "serveraddress": .string(server)]
    }
}

/// How far a pull or a build is.
package struct ImageProgress: Hashable, Sendable {
    /// Of a pull, the layer; empty: the whole.
    package var layer: String
    /// `Downloading`, or what a build printed, with its line breaks.
    package var text: String
    package var currentBytes: Int?
    package var totalBytes: Int?

    init?(_ data: DataValue) {
        guard let text = data["stream"]?.string ?? data["status"]?.string else { return nil }
        self.text = text
        layer = data["id"]?.string ?? ""
        currentBytes = data["progressDetail"]?["current"]?.int
        totalBytes = data["progressDetail"]?["total"]?.int
    }
}

/// What an image is built from, beside the tar archive of its context.
package struct ImageBuild: Hashable, Sendable {
    package var tags: [String] = []
    /// In the context.
    package var dockerfile = "Dockerfile"
    package var arguments: [String: String] = [:]
    package var labels: [String: String] = [:]
    /// The stage to stop at.
    package var target: String?
    package var platform: String?
    package var usesCache = true
    /// Asks the registry for newer base images.
    package var pulls = false
    package var network: String?
    /// By registry.
    package var credentials: [RegistryCredentials] = []

    package init() {}

    var query: [(String, String)] {
        var query = tags.map { ("t", $0) }
        query += [("dockerfile", dockerfile), ("rm", "1"), ("forcerm", "1")]
        if !arguments.isEmpty { query.append(("buildargs", DataValue.strings(arguments).jsonText())) }
        if !labels.isEmpty { query.append(("labels", DataValue.strings(labels).jsonText())) }
        if let target { query.append(("target", target)) }
        if let platform { query.append(("platform", platform)) }
        if let network { query.append(("networkmode", network)) }
        if !usesCache { query.append(("nocache", "1")) }
        if pulls { query.append(("pull", "1")) }
        return query
    }
}
