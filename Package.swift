// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built with the same settings; see docs/decisions/dependencies.md.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
/// For the targets that speak HTTP; NIO stays out of every other.
let nio = ["NIOCore", "NIOHTTP1", "NIOPosix"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let webClient = [
    Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let webSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
/// For the server's sockets; nothing else imports them.
let httpServing: [Target.Dependency] = [
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HummingbirdTLS", package: "hummingbird"), .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "Logging", package: "swift-log"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"), webSocket,
]
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func floor(_ folder: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let ground: [Target] = [
    .systemLibrary(
        name: "CLibYAML", path: "Sources/0-Ground/CLibYAML", pkgConfig: "yaml-0.1",
        providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
    .systemLibrary(
        name: "CPCRE2", path: "Sources/0-Ground/CPCRE2", pkgConfig: "libpcre2-8",
        providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),
    .systemLibrary(
        name: "CExpat", path: "Sources/0-Ground/CExpat", pkgConfig: "expat",
        providers: [.apt(["libexpat1-dev"]), .brew(["expat"])]),
    .systemLibrary(name: "CSQLite", path: "Sources/0-Ground/CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    floor("0-Ground", "SQLiteAccess", ["CSQLite"]),
    .target(name: "CPostgres", path: "Sources/0-Ground/CPostgres"),
    floor("0-Ground", "PostgresAccess", ["CPostgres"]),
    .target(name: "CProcessControl", path: "Sources/0-Ground/CProcessControl"),
    .target(name: "CFileAccess", path: "Sources/0-Ground/CFileAccess"),
    floor("0-Ground", "Diagnostics"),
    floor("0-Ground", "StructuredData"),
    floor("0-Ground", "HTTPMessages", ["Diagnostics"]),
    floor("0-Ground", "ThreadExecution"),
    floor("0-Ground", "YAMLReading", ["CLibYAML", "Diagnostics"]),
    floor("0-Ground", "TerminalRendering", ["Diagnostics"]),
    floor("0-Ground", "PatternMatching", ["Diagnostics"]),
    floor("0-Ground", "SecretRedaction", ["Diagnostics"]),
    floor("0-Ground", "Timekeeping", ["Diagnostics"]),
    floor("0-Ground", "FileAccess", ["CFileAccess", "Diagnostics"]),
    floor("0-Ground", "SealedStorage", ["Diagnostics", "FileAccess", "StructuredData", crypto]),
    floor("0-Ground", "ProcessControl", ["CProcessControl", "Diagnostics"]),
    floor("0-Ground", "Credentials", ["Diagnostics", "StructuredData", "Timekeeping", crypto, cryptoExtras]),
]

let language: [Target] = [
    floor("1-Model", "PipelineModel", ["StructuredData"]),
    floor("1-Model", "RunnerProtocol", ["PipelineModel", "StructuredData"]),
    floor("2-Language", "ExpressionLanguage", ["Diagnostics", "StructuredData"]),
    floor(
        "2-Language", "GitHubWorkflows",
        ["Diagnostics", "ExpressionLanguage", "PipelineModel", "StructuredData", "Timekeeping", "YAMLReading"]),
    floor(
        "2-Language", "WorkflowChecks",
        [
            "Diagnostics", "ExpressionLanguage", "GitHubWorkflows", "PatternMatching", "StructuredData", "Timekeeping",
            "YAMLReading",
        ]),
    floor(
        "2-Language", "WorkflowPlanning",
        ["Diagnostics", "ExpressionLanguage", "GitHubWorkflows", "PatternMatching", "PipelineModel", "StructuredData"]),
]

let outcomes: [Target] = [
    floor("2-Language", "ProblemMatching", ["CPCRE2", "Diagnostics", "StructuredData"]),
    floor("2-Language", "OutcomeReading", ["CExpat", "Diagnostics", "ProblemMatching", "StructuredData"]),
]

let rules: [Target] = [
    floor("3-Decision", "RunEngine", ["Diagnostics", "PipelineModel", "StructuredData"]),
    floor("3-Decision", "JobDispatch", ["Diagnostics", "PipelineModel", "RunnerProtocol"]),
    floor("3-Decision", "HomeRules", ["PipelineModel", "RunnerProtocol"]),
    floor("3-Decision", "ClusterRules", ["Diagnostics", "RunnerProtocol", "StructuredData"]),
    floor("3-Decision", "AccessRules", ["Diagnostics", "StructuredData", "Timekeeping"]),
    floor("3-Decision", "ScheduleRules", ["Diagnostics", "StructuredData", "Timekeeping"]),
    floor("3-Decision", "RetentionRules", ["PipelineModel", "Timekeeping"]),
    floor(
        "3-Decision", "NotificationRules",
        ["Diagnostics", "PatternMatching", "PipelineModel", "StructuredData", "Timekeeping"]),
]

let adapters: [Target] = [
    floor("4-Adapters", "ContainerEngine", ["Diagnostics", "FileAccess", "ProcessControl", "StructuredData"] + nio),
    .systemLibrary(
        name: "CZstd", path: "Sources/4-Adapters/CZstd", pkgConfig: "libzstd",
        providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    floor(
        "4-Adapters", "ContentStore", ["CFileAccess", "CZstd", "Diagnostics", "FileAccess", "StructuredData", crypto]),
    floor(
        "4-Adapters", "EventJournal",
        ["Diagnostics", "PostgresAccess", "SQLiteAccess", "StructuredData", "Timekeeping", crypto]),
    floor("4-Adapters", "RunIndex", ["Diagnostics", "PipelineModel", "SQLiteAccess", "StructuredData"]),
    floor("4-Adapters", "LogArchive", ["CPCRE2", "Diagnostics", "StructuredData", "Timekeeping", crypto]),
    floor(
        "4-Adapters", "IdentityProviders",
        ["Credentials", "Diagnostics", "HTTPMessages", "StructuredData", "Timekeeping", crypto, cryptoExtras]),
    floor("4-Adapters", "Telemetry", ["Diagnostics", "HTTPMessages", "StructuredData", "Timekeeping", crypto]),
    floor(
        "4-Adapters", "RuntimeServices",
        ["Diagnostics", "FileAccess", "StructuredData", "Timekeeping", crypto, cryptoExtras] + nio),
    .systemLibrary(
        name: "CMinizip", path: "Sources/4-Adapters/CMinizip", pkgConfig: "minizip",
        providers: [.apt(["libminizip-dev"]), .brew(["minizip"])]),
    floor("4-Adapters", "ZipArchives", ["CMinizip", "Diagnostics", "FileAccess"]),
    floor("4-Adapters", "HTTPServing", ["Diagnostics", "HTTPMessages", "StructuredData"] + nio + httpServing),
    floor(
        "4-Adapters", "ClusterAccess",
        [
            "Credentials", "Diagnostics", "FileAccess", "HTTPMessages", "ProcessControl", "StructuredData",
            "ThreadExecution", "Timekeeping", "YAMLReading",
        ]),
    floor("4-Adapters", "HTTPCalling", ["Diagnostics", "HTTPMessages", "ThreadExecution"] + nio + webClient),
    floor(
        "4-Adapters", "ObjectStorage",
        [
            "CExpat", "Credentials", "Diagnostics", "FileAccess", "HTTPMessages", "StructuredData", "ThreadExecution",
            "Timekeeping", crypto,
        ]),
    floor(
        "4-Adapters", "SourceForges",
        ["Diagnostics", "HTTPMessages", "StructuredData", "Timekeeping", crypto, cryptoExtras]),
    floor(
        "4-Adapters", "Notifications",
        [
            "Diagnostics", "FileAccess", "HTTPMessages", "NotificationRules", "PipelineModel", "ProcessControl",
            "StructuredData", "Timekeeping", crypto,
        ]),
    floor("4-Adapters", "SecretVault", ["Diagnostics", "FileAccess", "StructuredData", "Timekeeping", crypto]),
    floor(
        "4-Adapters", "SourceControl", ["Diagnostics", "FileAccess", "PipelineModel", "ProcessControl", "Timekeeping"]),
    floor(
        "4-Adapters", "StepExecution",
        [
            "Diagnostics", "ExpressionLanguage", "FileAccess", "PatternMatching", "PipelineModel", "ProblemMatching",
            "ProcessControl", "SealedStorage", "SecretRedaction", "StructuredData", "WorkflowPlanning", crypto,
        ]),
]

let services: [Target] = [
    floor(
        "5-Services", "RunCoordination",
        [
            "ContainerEngine", "ContentStore", "Diagnostics", "EventJournal", "ExpressionLanguage", "FileAccess",
            "GitHubWorkflows", "HTTPMessages", "JobDispatch", "LogArchive", "ObjectStorage", "OutcomeReading",
            "PatternMatching", "PipelineModel", "ProcessControl", "RunEngine", "RunnerProtocol", "RuntimeServices",
            "SealedStorage", "SecretRedaction",
            "SourceControl", "StepExecution", "StructuredData", "ThreadExecution", "Timekeeping", "WorkflowPlanning",
            "YAMLReading", "ZipArchives", crypto,
        ]),
    floor(
        "5-Services", "ClusterExecution",
        [
            "ClusterAccess", "ClusterRules", "Credentials", "Diagnostics", "FileAccess", "HTTPMessages",
            "PipelineModel",
            "ProcessControl", "RunCoordination", "RunEngine", "RunnerAgent", "RunnerProtocol", "StructuredData",
            "Timekeeping",
            "YAMLReading", crypto,
        ]),
    floor(
        "5-Services", "RunnerAgent",
        [
            "Credentials", "Diagnostics", "FileAccess", "HTTPMessages", "PipelineModel", "ProcessControl",
            "RetentionRules", "RunCoordination", "RunEngine", "RunnerProtocol", "StructuredData", "ThreadExecution",
            "Timekeeping",
        ]),
]

let serverServices: [Target] = [
    floor(
        "5-Services", "Announcements",
        [
            "AccessRules", "Diagnostics", "EventJournal", "HTTPMessages", "NotificationRules", "Notifications",
            "PipelineModel", "RunCoordination", "RunIndex", "StructuredData", "ThreadExecution", "Timekeeping", crypto,
        ]),
    floor("5-Services", "ServerClient", ["Diagnostics", "HTTPMessages", "StructuredData"]),
    floor(
        "5-Services", "TriggerIntake",
        [
            "Diagnostics", "EventJournal", "FileAccess", "GitHubWorkflows", "HTTPMessages", "PipelineModel",
            "RunCoordination", "ScheduleRules", "SourceControl", "SourceForges", "StructuredData",
            "ThreadExecution", "Timekeeping", "WorkflowPlanning", crypto,
        ]),
    floor(
        "5-Services", "ServerOperation",
        [
            "AccessRules", "Announcements", "Credentials", "Diagnostics", "EventJournal", "FileAccess",
            "HTTPMessages", "HomeRules", "IdentityProviders", "JobDispatch", "LogArchive", "NotificationRules",
            "Notifications",
            "ObjectStorage", "PatternMatching", "PipelineModel", "ProcessControl", "RetentionRules", "RunCoordination",
            "RunIndex",
            "RunnerProtocol", "SealedStorage", "SecretRedaction", "SecretVault", "SourceControl", "SourceForges",
            "StructuredData",
            "Telemetry", "ThreadExecution", "Timekeeping", "TriggerIntake", "WorkflowPlanning", crypto,
        ]),
]

let edges: [Target] = [
    .target(name: "CErrorPages", path: "Sources/6-Edges/CErrorPages"),
    floor("6-Edges", "ErrorPages", ["CErrorPages"]),
    floor(
        "6-Edges", "ServerAPI",
        [
            "AccessRules", "Announcements", "Credentials", "Diagnostics", "ErrorPages", "EventJournal",
            "GitHubWorkflows", "HTTPMessages", "HTTPServing", "HomeRules", "IdentityProviders", "JobDispatch",
            "LogArchive",
            "NotificationRules",
            "Notifications", "PipelineModel", "RetentionRules", "RunCoordination", "RunEngine", "RunIndex",
            "RunnerAgent", "RunnerProtocol", "SecretVault", "ServerOperation", "SourceControl", "SourceForges",
            "StepExecution",
            "StructuredData", "Telemetry", "ThreadExecution", "Timekeeping", "TriggerIntake", "WebPages",
            "WorkflowPlanning", crypto,
        ]),
    .target(name: "CWebAssets", path: "Sources/6-Edges/CWebAssets"),
    floor("6-Edges", "WebPages", ["CWebAssets", "HTTPMessages", "StructuredData", "Timekeeping", crypto]),
    floor("6-Edges", "EditorSupport", ["PipelineModel", "RunCoordination", "StepExecution", "StructuredData"]),
    floor(
        "6-Edges", "ConsoleCommands",
        [
            "AccessRules", "Announcements", "ClusterAccess", "ClusterExecution", "Credentials", "Diagnostics",
            "EditorSupport", "ErrorPages", "EventJournal",
            "ExpressionLanguage", "FileAccess", "GitHubWorkflows", "HTTPMessages", "HTTPServing", "LogArchive",
            "ObjectStorage", "PipelineModel", "ProcessControl", "RetentionRules", "RunCoordination", "RunnerAgent",
            "RunnerProtocol", "SecretRedaction",
            "ServerAPI", "ServerClient", "ServerOperation", "SourceControl", "StepExecution", "StructuredData",
            "TerminalRendering", "ThreadExecution", "Timekeeping", "HTTPCalling", "WorkflowChecks", "WorkflowPlanning",
            "ZipArchives", arguments,
        ]),
    .executableTarget(
        name: "martlet", dependencies: ["ConsoleCommands"], path: "Sources/7-Program/martlet", swiftSettings: settings),
]

/// Libraries and programs that only tests and `make simulate` use.
let testing: [Target] = [
    floor("Testing", "JournalSimulation", ["EventJournal", "Timekeeping", crypto]),
    .executableTarget(
        name: "JournalVictim", dependencies: ["EventJournal", "Timekeeping"], path: "Sources/Testing/JournalVictim",
        swiftSettings: settings),
    .executableTarget(
        name: "content-store-bench", dependencies: ["ContentStore", "Diagnostics"],
        path: "Sources/Testing/content-store-bench", swiftSettings: settings),
    .executableTarget(
        name: "scripted-server",
        dependencies: ["Diagnostics", "FileAccess", "HTTPMessages", "HTTPServing", "StructuredData"],
        path: "Sources/Testing/scripted-server", swiftSettings: settings),
    .executableTarget(
        name: "no-op-runner",
        dependencies: [
            "Diagnostics", "HTTPCalling", "PipelineModel", "RunCoordination", "RunEngine", "RunnerAgent",
            "RunnerProtocol", "StructuredData",
        ], path: "Sources/Testing/no-op-runner", swiftSettings: settings),
    .executableTarget(
        name: "log-bench", dependencies: ["Diagnostics", "LogArchive", "Timekeeping"],
        path: "Sources/Testing/log-bench", swiftSettings: settings),
    .executableTarget(
        name: "ContentVictim", dependencies: ["ContentStore", "Diagnostics"], path: "Sources/Testing/ContentVictim",
        swiftSettings: settings),
    floor("Testing", "TestFolders"),
    floor("Testing", "TestPrograms", ["CProcessControl"]),
    floor("Testing", "TestDatabases", ["PostgresAccess", "TestFolders", "TestPrograms"]),
    floor("Testing", "PageSamples", ["Timekeeping", "WebPages"]),
    .executableTarget(
        name: "page-gallery", dependencies: ["PageSamples", "WebPages"], path: "Sources/Testing/page-gallery",
        swiftSettings: settings),
    floor("Testing", "RunSimulation", ["Diagnostics", "PipelineModel", "RunEngine", "StructuredData"]),
    floor(
        "Testing", "ServerSimulation",
        [
            "ClusterRules", "Diagnostics", "EventJournal", "HomeRules", "JobDispatch", "JournalSimulation",
            "PipelineModel", "RunEngine", "RunSimulation", "RunnerProtocol", "ScheduleRules", "StructuredData",
            "Timekeeping",
        ]),
    .executableTarget(
        name: "simulate", dependencies: ["RunSimulation", "ServerSimulation"], path: "Sources/Testing/simulate",
        swiftSettings: settings),
]

let testTargets: [Target] = [
    tests("TidyTests", []),
    tests(
        "EndToEndTests",
        [
            "TestPrograms", "ContainerEngine", "Diagnostics", "HTTPCalling", "ObjectStorage", "StructuredData",
            "martlet", "scripted-server",
        ]),
    tests(
        "ChaosTests",
        [
            "Diagnostics", "EventJournal", "HTTPCalling", "HTTPMessages", "SQLiteAccess", "ServerClient",
            "StructuredData", "TestDatabases", "martlet",
        ]),
    tests("StructuredDataTests", ["StructuredData"]),
    tests("RunIndexTests", ["PipelineModel", "RunIndex"]),
    tests("HTTPMessagesTests", ["HTTPMessages"]),
    tests(
        "HTTPServingTests",
        [
            "TestPrograms",
            "Diagnostics", "HTTPMessages", "HTTPServing", "StructuredData", webSocket,
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ] + nio),
    tests("ThreadExecutionTests", ["ThreadExecution"]),
    tests("YAMLReadingTests", ["Diagnostics", "YAMLReading"]),
    tests("TimekeepingTests", ["Diagnostics", "Timekeeping"]),
    tests("PatternMatchingTests", ["Diagnostics", "PatternMatching"]),
    tests("SecretRedactionTests", ["Diagnostics", "SecretRedaction"]),
    tests("FileAccessTests", ["Diagnostics", "FileAccess"]),
    tests("SealedStorageTests", ["Diagnostics", "FileAccess", "SealedStorage", crypto, "TestFolders"]),
    tests("ProcessControlTests", ["Diagnostics", "ProcessControl", "TestFolders"]),
    tests("CredentialsTests", ["Credentials", "Diagnostics", "StructuredData", "Timekeeping"]),
    tests("ExpressionLanguageTests", ["Diagnostics", "ExpressionLanguage", "StructuredData"]),
    tests(
        "GitHubWorkflowsTests", ["Diagnostics", "GitHubWorkflows", "PipelineModel", "StructuredData", "YAMLReading"]),
    tests(
        "WorkflowPlanningTests",
        ["Diagnostics", "GitHubWorkflows", "PipelineModel", "StructuredData", "WorkflowPlanning"]),
    tests("WorkflowChecksTests", ["Diagnostics", "GitHubWorkflows", "WorkflowChecks"]),
    tests("ProblemMatchingTests", ["Diagnostics", "ProblemMatching", "StructuredData"]),
    tests("OutcomeReadingTests", ["Diagnostics", "OutcomeReading", "ProblemMatching", "StructuredData"]),
    tests("RunEngineTests", ["Diagnostics", "PipelineModel", "RunEngine", "StructuredData"]),
    tests("RunnerProtocolTests", ["PipelineModel", "RunnerProtocol", "StructuredData"]),
    tests("RetentionRulesTests", ["PipelineModel", "RetentionRules", "Timekeeping"]),
    tests("JobDispatchTests", ["JobDispatch", "PipelineModel", "RunnerProtocol"]),
    tests("HomeRulesTests", ["HomeRules", "PipelineModel", "RunnerProtocol", "StructuredData"]),
    tests("AccessRulesTests", ["AccessRules", "Diagnostics", "StructuredData", "Timekeeping"]),
    tests(
        "SimulationTests",
        [
            "EventJournal", "JournalSimulation", "PipelineModel", "PostgresAccess", "RunEngine", "RunSimulation",
            "ServerSimulation", "TestDatabases", "Timekeeping",
        ]),
    tests(
        "EventJournalTests",
        [
            "PostgresAccess", "TestDatabases",
            "TestPrograms",
            "Diagnostics", "EventJournal", "JournalSimulation", "JournalVictim", "SQLiteAccess", "ThreadExecution",
            "Timekeeping",
            "TestFolders",
        ]),
    tests(
        "RuntimeServicesTests",
        [
            "TestPrograms", "Diagnostics", "FileAccess", "RuntimeServices", "StructuredData", "Timekeeping", crypto,
            cryptoExtras,
        ] + nio),
    tests("ContainerEngineTests", ["TestPrograms", "ContainerEngine", "Diagnostics", "FileAccess"]),
    tests(
        "ClusterAccessTests",
        ["ClusterAccess", "Diagnostics", "FileAccess", "HTTPMessages", "StructuredData", "TestFolders"]),
    tests(
        "ClusterExecutionTests",
        [
            "ClusterExecution", "ClusterRules", "Diagnostics", "PipelineModel", "RunCoordination", "RunnerProtocol",
            "StructuredData",
        ]),
    tests("ContentStoreTests", ["TestPrograms", "ContentStore", "ContentVictim", "Diagnostics", "FileAccess"]),
    tests("ZipArchivesTests", ["Diagnostics", "FileAccess", "ZipArchives"]),
    tests(
        "SourceForgesTests",
        ["Diagnostics", "HTTPMessages", "SourceForges", "StructuredData", "Timekeeping", crypto, cryptoExtras]),
    tests(
        "SourceControlTests",
        [
            "TestPrograms", "Diagnostics", "FileAccess", "PipelineModel", "ProcessControl", "SourceControl",
            "ThreadExecution",
        ]),
    tests("ScheduleRulesTests", ["Diagnostics", "ScheduleRules", "StructuredData", "Timekeeping"]),
    tests(
        "TriggerIntakeTests",
        [
            "Diagnostics", "EventJournal", "FileAccess", "HTTPMessages", "PipelineModel", "ProcessControl",
            "RunCoordination", "SourceControl", "SourceForges", "StructuredData", "Timekeeping", "TriggerIntake",
        ]),
    tests(
        "NotificationRulesTests",
        ["Diagnostics", "NotificationRules", "PatternMatching", "PipelineModel", "StructuredData", "Timekeeping"]),
    tests(
        "NotificationsTests",
        [
            "TestPrograms",
            "Diagnostics", "FileAccess", "HTTPMessages", "NotificationRules", "Notifications", "PipelineModel",
            "ProcessControl", "StructuredData", "Timekeeping", "TestFolders",
        ]),
    tests("SecretVaultTests", ["Diagnostics", "FileAccess", "SecretVault", "Timekeeping", "TestFolders"]),
    tests(
        "IdentityProvidersTests",
        [
            "TestPrograms",
            "Credentials", "Diagnostics", "HTTPMessages", "HomeRules", "IdentityProviders", "StructuredData",
            "Timekeeping", crypto,
            cryptoExtras,
        ]),
    tests("ServerClientTests", ["Diagnostics", "HTTPMessages", "ServerClient", "StructuredData"]),
    tests("HTTPCallingTests", ["Diagnostics", "HTTPMessages", "HTTPServing", "HTTPCalling"]),
    tests(
        "AnnouncementsTests",
        [
            "TestPrograms",
            "AccessRules", "Announcements", "Credentials", "Diagnostics", "EventJournal", "HTTPMessages", "HTTPServing",
            "NotificationRules", "Notifications", "PipelineModel", "RunCoordination", "RunIndex", "StructuredData",
            "Timekeeping", "HTTPCalling",
        ]),
    tests(
        "ServerOperationTests",
        [
            "PostgresAccess", "TestDatabases", "TestPrograms",
            "AccessRules", "Announcements", "ClusterAccess", "ClusterExecution", "ContentStore", "Credentials",
            "Diagnostics", "EventJournal", "FileAccess", "HomeRules", "HTTPCalling",
            "HTTPMessages", "HTTPServing", "ObjectStorage", "PipelineModel", "ProcessControl", "RetentionRules",
            "RunCoordination", "RunEngine", "RunIndex", "RunnerAgent", "RunnerProtocol", "RuntimeServices",
            "SQLiteAccess", "SecretVault", "ServerAPI",
            "ServerOperation", "StructuredData", "Telemetry", "TestFolders", "ThreadExecution", "Timekeeping",
            "TriggerIntake", "WorkflowPlanning", crypto,
        ]),
    tests("WebPagesTests", ["HTTPMessages", "PageSamples", "StructuredData", "Timekeeping", "WebPages"]),
    tests(
        "ServerAPITests",
        [
            "AccessRules", "Credentials", "Diagnostics", "EventJournal", "FileAccess", "HTTPMessages", "HTTPServing",
            "IdentityProviders", "PipelineModel", "RunCoordination", "RunIndex", "RunnerAgent", "RunnerProtocol",
            "ServerAPI",
            "SecretVault", "ServerOperation", "StructuredData", "TestFolders", "Timekeeping", "TriggerIntake",
            "WorkflowPlanning", crypto,
            cryptoExtras,
        ]),
    tests(
        "ObjectStorageTests",
        [
            "TestPrograms", "Credentials", "Diagnostics", "FileAccess", "HTTPCalling", "HTTPMessages", "HTTPServing",
            "ObjectStorage", "StructuredData", "TestFolders", "Timekeeping", crypto,
        ]),
    tests("LogArchiveTests", ["Diagnostics", "LogArchive", "Timekeeping", "TestFolders"]),
    tests(
        "TelemetryTests", ["TestPrograms", "Diagnostics", "HTTPMessages", "StructuredData", "Telemetry", "Timekeeping"]),
    tests(
        "StepExecutionTests",
        [
            "Diagnostics", "FileAccess", "PipelineModel", "ProcessControl", "SealedStorage", "SecretRedaction",
            "StepExecution", "StructuredData", crypto,
        ]),
]

let sources: [Target] = ground + language + outcomes + rules + adapters + services + serverServices + edges
let allTargets: [Target] = sources + testing + testTargets

let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["martlet"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: allTargets
)
