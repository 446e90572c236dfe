// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built with the same settings; see docs/decisions.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func floor(_ folder: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "martlet",
    targets: [
        .systemLibrary(
            name: "CLibYAML", path: "Sources/0-Ground/CLibYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        floor("0-Ground", "Diagnostics"),
        floor("0-Ground", "StructuredData"),
        floor("0-Ground", "YAMLReading", ["CLibYAML", "Diagnostics"]),
        floor("1-Model", "PipelineModel", ["StructuredData"]),
    ]
)
