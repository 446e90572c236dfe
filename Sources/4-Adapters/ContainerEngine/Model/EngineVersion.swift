// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// A version of the Engine API, such as 1.41.
package struct APIVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".")
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
        self.init(major, minor)
    }

    package static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }
}

/// Which engine it is, and which version of the API it is spoken to in.
package struct EngineVersion: Hashable, Sendable {
    /// The first with all that is used here: Docker 20.10, Podman 3.
    package static let oldest = APIVersion(1, 41)
    /// What the calls here were written against; an engine that has left it behind is spoken to in its own oldest version.
    package static let newest = APIVersion(1, 44)

    /// `20.10.24`.
    package let engine: String
    package let isPodman: Bool
    /// `linux`.
    package let operatingSystem: String
    /// As Go has it: `amd64`.
    package let architecture: String
    package let spoken: APIVersion

    init(_ data: DataValue) throws(DiagnosticError) {
        guard let text = data["ApiVersion"]?.string, let offered = APIVersion(text) else {
            throw EngineFailure.unreadable("GET /version", "it names no version of the API")
        }
        engine = data["Version"]?.string ?? ""
        let components = data["Components"]?.array ?? []
        isPodman = components.contains { $0["Name"]?.string?.hasPrefix("Podman") == true }
        operatingSystem = data["Os"]?.string ?? ""
        architecture = data["Arch"]?.string ?? ""
        guard offered >= Self.oldest else {
            throw DiagnosticError(
                .engineVersionUnsupported,
                "The container engine (version \(engine)) speaks version \(offered) of its API; \(Self.oldest) is needed.",
                remedy: "Update the engine: Docker 20.10 and Podman 3 speak \(Self.oldest).")
        }
        let lowest = data["MinAPIVersion"]?.string.flatMap(APIVersion.init) ?? Self.oldest
        spoken = max(min(offered, Self.newest), lowest)
    }
}

/// What an engine says about itself and its machine.
package struct EngineInfo: Hashable, Sendable {
    package var name: String
    package var storageDriver: String
    package var cpuCount: Int
    package var memoryBytes: Int
    /// `1` or `2`.
    package var cgroupVersion: String
    /// Its containers' root is an ordinary user of the machine.
    package var isRootless: Bool
    package var defaultRuntime: String
    package var operatingSystem: String

    init(_ data: DataValue) {
        name = data["Name"]?.string ?? ""
        storageDriver = data["Driver"]?.string ?? ""
        cpuCount = data["NCPU"]?.int ?? 0
        memoryBytes = data["MemTotal"]?.int ?? 0
        cgroupVersion = data["CgroupVersion"]?.string ?? ""
        isRootless = data.strings("SecurityOptions").contains { $0.contains("rootless") }
        defaultRuntime = data["DefaultRuntime"]?.string ?? ""
        operatingSystem = data["OperatingSystem"]?.string ?? ""
    }
}
