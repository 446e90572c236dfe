// SPDX-License-Identifier: Apache-2.0

/// The shapes under `on`.
enum EventShapes {
    /// The shape of what stands under an event's name; a webhook event where the name is not one with keys of its own.
    static func shape(of event: String) -> Shape {
        switch event {
        case "schedule": schedule
        case "workflow_dispatch": dispatch
        case "workflow_call": call
        case "repository_dispatch": repositoryDispatch
        case "image_version": imageVersion
        default: webhook(event)
        }
    }

    private static let filters = [
        "types", "branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore", "workflows",
    ]

    private static func webhook(_ event: String) -> Shape {
        let fields = filters.map { Field($0, .textOrList($0)) }
        return Shape.fields(event, fields).emptyAllowed()
    }

    private static let schedule = Shape.list(
        "schedule",
        of: .fields("schedule", [Field("cron", .text("cron"), required: true), Field("timezone", .text("timezone"))]))

    private static let repositoryDispatch = Shape.fields(
        "repository_dispatch", [Field("types", .textOrList("types"))]
    ).emptyAllowed()

    private static let imageVersion = Shape.fields(
        "image_version",
        [
            Field("types", .textOrList("types")),
            Field("names", .list("names", of: .text("name"))),
            Field("versions", .list("versions", of: .text("version"))),
        ]
    ).emptyAllowed()

    private static let dispatch = Shape.fields(
        "workflow_dispatch",
        [
            Field(
                "inputs",
                .map(
                    "inputs",
                    of: .fields(
                        "input",
                        [
                            Field("description", .text("description", emptyAllowed: true)),
                            Field("required", .boolean("required")),
                            Field("default", Shape(name: "default", scalar: .any, isEmptyAllowed: true)),
                            Field(
                                "type",
                                Shape(
                                    name: "type",
                                    scalar: .words(["string", "number", "boolean", "choice", "environment"]))),
                            Field("options", .list("options", of: .text("option"))),
                            Field("deprecationMessage", .text("deprecationMessage", emptyAllowed: true)),
                        ]
                    ).emptyAllowed()
                ).emptyAllowed())
        ]
    ).emptyAllowed()

    private static let call = Shape.fields(
        "workflow_call",
        [
            Field(
                "inputs",
                .map(
                    "inputs",
                    of: .fields(
                        "input",
                        [
                            Field("description", .text("description", emptyAllowed: true)),
                            Field("required", .boolean("required")),
                            Field(
                                "default",
                                Shape(name: "default", scalar: .any, isEmptyAllowed: true, place: .callInputDefault)),
                            Field(
                                "type", Shape(name: "type", scalar: .words(["string", "number", "boolean"])),
                                required: true),
                            Field("deprecationMessage", .text("deprecationMessage", emptyAllowed: true)),
                        ]
                    ).emptyAllowed()
                ).emptyAllowed()),
            Field(
                "secrets",
                .map(
                    "secrets",
                    of: .fields(
                        "secret",
                        [
                            Field("description", .text("description", emptyAllowed: true)),
                            Field("required", .boolean("required")),
                        ]
                    ).emptyAllowed()
                ).emptyAllowed()),
            Field(
                "outputs",
                .map(
                    "outputs",
                    of: .fields(
                        "output",
                        [
                            Field("description", .text("description", emptyAllowed: true)),
                            Field("value", .text("value", .callOutput), required: true),
                        ]
                    ).emptyAllowed()
                ).emptyAllowed()),
        ]
    ).emptyAllowed()
}
