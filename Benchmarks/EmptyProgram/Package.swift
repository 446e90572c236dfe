// swift-tools-version: 6.2
import PackageDescription

/// What `martlet --version` is compared with: a program that does nothing, linked with what Martlet is linked with.
let package = Package(
    name: "empty",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1"),
        .systemLibrary(name: "CSQLite"),
        .executableTarget(
            name: "empty",
            dependencies: [
                "CLibYAML", "CSQLite",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
