// SPDX-License-Identifier: Apache-2.0

/// The shapes of a workflow file, from the root down.
enum WorkflowShapes {
    static let root = Shape.fields(
        "workflow",
        [
            Field("on", .anything("on"), required: true),
            Field("name", .text("name", emptyAllowed: true)),
            Field("description", .text("description", emptyAllowed: true)),
            Field("run-name", .text("run-name", .runName, emptyAllowed: true)),
            Field("defaults", defaults(.withoutContexts("defaults.run"))),
            Field("env", env(.workflowEnv)),
            Field("permissions", permissions),
            Field("concurrency", concurrency(.concurrency)),
            Field("cache-mode", cacheMode),
            Field("jobs", Shape.map("jobs", of: job.marked(.job)), required: true),
        ])

    private static let cacheMode = Shape(name: "cache-mode", scalar: .words(["read", "write", "write-only", "none"]))

    private static let permissions = Shape(
        name: "permissions", scalar: .text, section: [Section(entry: [.text("permission")])], isEmptyAllowed: false)

    private static func defaults(_ place: Place) -> Shape {
        .fields(
            "defaults",
            [
                Field(
                    "run",
                    .fields(
                        "run",
                        [
                            Field("shell", .text("shell", place)),
                            Field("working-directory", .text("working-directory", place)),
                        ]), required: true)
            ])
    }

    private static func env(_ place: Place) -> Shape {
        Shape(
            name: "env", scalar: .words([]),
            section: [
                Section(
                    entry: [Shape(name: "env value", scalar: .any, isEmptyAllowed: true, place: place)],
                    ignoresCase: true, keyPlace: place)
            ], place: place, expected: .mapping)
    }

    private static func concurrency(_ place: Place) -> Shape {
        Shape(
            name: "concurrency", scalar: .text,
            section: [
                Section(fields: [
                    Field("group", .text("group", place), required: true),
                    Field("cancel-in-progress", .boolean("cancel-in-progress", place)),
                    Field("queue", Shape(name: "queue", scalar: .words(["single", "max"]))),
                ])
            ], place: place)
    }

    private static let environment = Shape(
        name: "environment", scalar: .text,
        section: [
            Section(fields: [
                Field("name", .text("name", .environment), required: true),
                Field("url", .text("url", .environmentURL)),
                Field("deployment", .boolean("deployment", .environment)),
            ])
        ], place: .environment)

    private static let strategy = Shape(
        name: "strategy",
        section: [
            Section(fields: [
                Field("matrix", matrix),
                Field("fail-fast", .boolean("fail-fast", .strategy)),
                Field(
                    "max-parallel",
                    Shape(name: "max-parallel", scalar: .integer, place: .strategy, expected: .number)),
            ])
        ]
    ).orExpression(.strategy, .mapping)

    private static let matrix = Shape(
        name: "matrix",
        section: [
            Section(
                fields: [
                    Field("include", combinations("include")),
                    Field("exclude", combinations("exclude")),
                ],
                entry: [
                    Shape(name: "matrix values", items: [.anything("matrix value", .strategy)])
                        .orExpression(.strategy, .list)
                ], ignoresCase: true)
        ]
    ).orExpression(.strategy, .mapping)

    private static func combinations(_ name: String) -> Shape {
        Shape(
            name: name,
            items: [
                Shape(
                    name: "item of '\(name)'",
                    section: [Section(entry: [.anything("matrix value", .strategy)], ignoresCase: true)]
                ).orExpression(.strategy, .mapping)
            ]
        ).orExpression(.strategy, .list)
    }

    private static let runsOn = Shape(
        name: "runs-on", scalar: .text, items: [.text("runner label", .runsOn)],
        section: [
            Section(fields: [
                Field("group", .text("group", .runsOn)),
                Field("labels", .textOrList("labels", .runsOn)),
            ])
        ], place: .runsOn, expected: .runner)

    private static let snapshot = Shape(
        name: "snapshot", scalar: .text,
        section: [
            Section(fields: [
                Field("image-name", .text("image-name", .snapshotIf), required: true),
                Field("version", .text("version", .snapshotIf)),
                Field("if", condition(.snapshotIf)),
            ])
        ], place: .snapshotIf)

    static func condition(_ place: Place) -> Shape {
        Shape(name: "if", scalar: .any, place: place, expected: .condition)
    }

    private static func containerFields(
        _ name: String, _ place: Place, env envPlace: Place, credentials credentialsPlace: Place
    ) -> [Field] {
        let credentials = Shape.fields(
            "credentials",
            [
                Field("username", .text("username", credentialsPlace), required: true),
                Field("password", .text("password", credentialsPlace), required: true),
            ]
        ).orExpression(credentialsPlace, .mapping)
        return [
            Field("image", .text("image", name == "container" ? .containerImage : place), required: true),
            Field("credentials", credentials),
            Field("env", env(envPlace)),
            Field("ports", .list("ports", of: .text("port", place)).orExpression(place, .list)),
            Field("volumes", .list("volumes", of: .text("volume", place)).orExpression(place, .list)),
            Field("options", .text("options", place, emptyAllowed: true)),
        ]
    }

    private static let container = Shape(
        name: "container", scalar: .text,
        section: [
            Section(
                fields: containerFields(
                    "container", .container, env: .containerEnv, credentials: .containerCredentials))
        ], place: .container, expected: .textOrMapping)

    private static let services = Shape(
        name: "services",
        section: [
            Section(
                entry: [
                    Shape(
                        name: "service", scalar: .text,
                        section: [
                            Section(
                                fields: containerFields(
                                    "service", .services, env: .serviceEnv, credentials: .serviceCredentials)
                                    + [
                                        Field("entrypoint", .text("entrypoint", .services, emptyAllowed: true)),
                                        Field("command", .text("command", .services, emptyAllowed: true)),
                                    ])
                        ], place: .services, expected: .textOrMapping
                    ).marked(.service)
                ], ignoresCase: true)
        ]
    ).orExpression(.services, .mapping)

    static let job = Shape.fields(
        "job",
        [
            Field("name", .text("name", .jobName, emptyAllowed: true)),
            Field("needs", .textOrList("needs")),
            Field("if", condition(.jobIf)),
            Field("permissions", permissions),
            Field("runs-on", runsOn),
            Field("snapshot", snapshot),
            Field("environment", environment),
            Field("concurrency", concurrency(.jobConcurrency)),
            Field("cache-mode", cacheMode),
            Field("outputs", .map("outputs", of: .text("output", .jobOutput, emptyAllowed: true))),
            Field("env", env(.jobEnv)),
            Field("defaults", defaults(.defaultsRun)),
            Field("strategy", strategy),
            Field("timeout-minutes", .number("timeout-minutes", .jobTimeout)),
            Field("cancel-timeout-minutes", .number("cancel-timeout-minutes", .jobTimeout)),
            Field("continue-on-error", .boolean("continue-on-error", .jobContinueOnError)),
            Field("container", container),
            Field("services", services),
            Field("steps", steps),
            Field("uses", .text("uses")),
            Field(
                "with",
                .map("with", of: Shape(name: "input", scalar: .any, isEmptyAllowed: true, place: .callWith))),
            Field(
                "secrets",
                Shape(
                    name: "secrets", scalar: .words(["inherit"]),
                    section: [
                        Section(
                            entry: [
                                Shape(name: "secret", scalar: .any, isEmptyAllowed: true, place: .callSecret)
                            ],
                            ignoresCase: true)
                    ])),
        ])

    private static let steps = Shape.list("steps", of: step.marked(.step))

    static let step = Shape.fields(
        "step",
        [
            Field("id", .text("id", .withoutContexts("jobs.<job_id>.steps.id"))),
            Field("if", condition(.stepIf)),
            Field("name", .text("name", .stepName, emptyAllowed: true)),
            Field("uses", .text("uses")),
            Field("run", .text("run", .stepRun, emptyAllowed: true)),
            Field("shell", .text("shell", .withoutContexts("jobs.<job_id>.steps.shell"))),
            Field("working-directory", .text("working-directory", .stepWorkingDirectory)),
            Field(
                "with",
                .map("with", of: Shape(name: "input", scalar: .any, isEmptyAllowed: true, place: .stepWith))),
            Field("env", env(.stepEnv)),
            Field("continue-on-error", .boolean("continue-on-error", .stepContinueOnError)),
            Field("timeout-minutes", .number("timeout-minutes", .stepTimeout)),
            Field("background", .boolean("background")),
            Field("wait", .textOrList("wait")),
            Field("wait-all", Shape(name: "wait-all", scalar: .boolean, isEmptyAllowed: true)),
            Field("cancel", .text("cancel")),
            Field("parallel", .list("parallel", of: Shape(name: "step").marked(.innerStep))),
        ])
}
