// SPDX-License-Identifier: Apache-2.0

/// The table of every definition of GitHub's workflow and action files.
///
/// One source for the reader, the schema-guided walk, the JSON Schema and the documentation.
/// The names are those of GitHub's own schema, so that the two can be compared.
package struct WorkflowSchema: Sendable {
    /// In the order in which they are documented.
    package private(set) var definitions: [SchemaDefinition] = []
    private var indexes: [String: Int] = [:]
    /// Parallel to ``definitions``.
    private var shapes: [SchemaShape] = []

    /// Built on first use, some 0.1 ms.
    package static let current = WorkflowSchema()

    /// The definition of a workflow file's root.
    package static let workflowRoot = "workflow-root"
    /// The definition of an action manifest's root.
    package static let actionRoot = "action-root"

    private init() {
        definitions.reserveCapacity(320)
        defineBasics()
        defineWorkflowRoot()
        defineEvents()
        defineDispatchInputs()
        defineCallInterface()
        definePermissions()
        defineJobs()
        defineJobParts()
        defineContainers()
        defineSteps()
        defineActionRoot()
        defineActionRuns()
        defineActionSteps()
        shapes = definitions.map { SchemaShape(alternatives: alternatives(of: $0), $0.availability) }
    }

    /// The definition called `name`.
    ///
    /// - Precondition: the name is one of this table; the tests resolve every reference in it.
    package subscript(name: String) -> SchemaDefinition {
        guard let index = indexes[name] else { preconditionFailure("the schema has no definition '\(name)'") }
        return definitions[index]
    }

    /// What the reader asks of the definition called `name`, worked out once.
    func shape(_ name: String) -> SchemaShape {
        guard let index = indexes[name] else { preconditionFailure("the schema has no definition '\(name)'") }
        return shapes[index]
    }

    package func find(_ name: String) -> SchemaDefinition? {
        indexes[name].map { definitions[$0] }
    }

    /// The alternatives of a one-of, nested ones opened; any other definition alone.
    package func alternatives(of definition: SchemaDefinition) -> [SchemaDefinition] {
        guard case .oneOf(let names) = definition.kind else { return [definition] }
        return names.flatMap { alternatives(of: self[$0]) }
    }
}

/// How the table is written down.
extension WorkflowSchema {
    mutating func define(
        _ name: String, _ kind: SchemaDefinition.Kind, _ availability: Availability = .none, _ summary: String = ""
    ) {
        indexes[name] = definitions.count
        definitions.append(
            SchemaDefinition(name: name, kind: kind, availability: availability, summary: summary))
    }

    mutating func string(_ name: String, _ availability: Availability = .none, _ summary: String = "") {
        define(name, .string(SchemaString()), availability, summary)
    }

    mutating func nonEmptyString(_ name: String, _ availability: Availability = .none, _ summary: String = "") {
        define(name, .string(SchemaString(isNonEmpty: true)), availability, summary)
    }

    mutating func condition(_ name: String, _ availability: Availability, _ summary: String) {
        define(name, .string(SchemaString(isExpression: true)), availability, summary)
    }

    mutating func choice(_ name: String, _ allowed: [String], isOpen: Bool = false, _ summary: String = "") {
        define(name, .string(SchemaString(allowed: allowed, isOpen: isOpen)), .none, summary)
    }

    mutating func sequence(_ name: String, of item: String, _ availability: Availability = .none) {
        define(name, .sequence(item: item), availability)
    }

    mutating func oneOf(_ name: String, _ names: [String], _ availability: Availability = .none, _ summary: String = "")
    {
        define(name, .oneOf(names), availability, summary)
    }

    mutating func mapping(
        _ name: String, _ properties: [SchemaProperty], isOpen: Bool = false, _ availability: Availability = .none,
        _ summary: String = ""
    ) {
        define(name, .mapping(SchemaMapping(properties: properties, isOpen: isOpen)), availability, summary)
    }

    /// A mapping whose keys the author chooses.
    mutating func dictionary(
        _ name: String, of value: String, key: String = "non-empty-string", _ availability: Availability = .none,
        _ summary: String = ""
    ) {
        define(
            name, .mapping(SchemaMapping(properties: [], looseKey: key, looseValue: value)), availability, summary)
    }

    private mutating func defineBasics() {
        define("null", .null)
        define("boolean", .boolean)
        define("number", .number)
        string("string")
        sequence("sequence", of: "any")
        dictionary("mapping", of: "any", key: "string")
        oneOf("any", ["null", "boolean", "number", "string", "sequence", "mapping"])
        nonEmptyString("non-empty-string")
        sequence("sequence-of-non-empty-string", of: "non-empty-string")
        sequence("sequence-of-string", of: "string")
        oneOf("strings", ["null", "non-empty-string", "sequence-of-non-empty-string"])
        nonEmptyString("shell", .none, "The shell of the script: bash, sh, pwsh, python, or a template with {0}.")
        nonEmptyString("working-directory")
    }
}
