// SPDX-License-Identifier: Apache-2.0

/// One event that starts a workflow, and what it must look like.
package struct WorkflowTrigger: Sendable {
    /// `push`, `schedule`, `workflow_call`, …
    package var event: String
    package var place: TokenPlace?
    /// Pattern lists by key; a key that the file does not give is `nil`.
    package var filters = TriggerFilters()
    /// The times of `schedule`.
    package var schedules: [ScheduleEntry] = []
    /// The inputs of `workflow_dispatch` or `workflow_call`, in the order of the file.
    package var inputs: [InputDefinition] = []
    /// The secrets of `workflow_call`.
    package var secrets: [SecretDefinition] = []
    /// The outputs of `workflow_call`.
    package var outputs: [OutputDefinition] = []

    init(event: String, place: TokenPlace?) {
        self.event = event
        self.place = place
    }
}

package struct TriggerFilters: Hashable, Sendable {
    package var branches: [LocatedText]?
    package var branchesIgnore: [LocatedText]?
    package var tags: [LocatedText]?
    package var tagsIgnore: [LocatedText]?
    package var paths: [LocatedText]?
    package var pathsIgnore: [LocatedText]?
    package var types: [LocatedText]?
    package var workflows: [LocatedText]?
    package var names: [LocatedText]?
    package var versions: [LocatedText]?

    /// The list under a key of the file; setting an unknown key does nothing.
    package subscript(key: String) -> [LocatedText]? {
        get { Self.path(key).flatMap { self[keyPath: $0] } }
        set {
            if let path = Self.path(key) { self[keyPath: path] = newValue }
        }
    }

    private static func path(_ key: String) -> WritableKeyPath<TriggerFilters, [LocatedText]?>? {
        switch key {
        case "branches": \.branches
        case "branches-ignore": \.branchesIgnore
        case "tags": \.tags
        case "tags-ignore": \.tagsIgnore
        case "paths": \.paths
        case "paths-ignore": \.pathsIgnore
        case "types": \.types
        case "workflows": \.workflows
        case "names": \.names
        case "versions": \.versions
        default: nil
        }
    }
}

package struct ScheduleEntry: Hashable, Sendable {
    /// Five fields, checked.
    package var cron: LocatedText
    /// An IANA name; UTC where `nil`.
    package var timezone: LocatedText?
}

package enum InputType: String, Hashable, Sendable {
    case string
    case boolean
    case number
    case choice
    case environment
}

package struct InputDefinition: Sendable {
    package var name: LocatedText
    package var type: InputType
    package var description: String?
    package var isRequired = false
    /// A literal; an expression only in `workflow_call`.
    package var defaultValue: TemplateToken?
    /// The answers of a choice; `nil` where the file gives none.
    package var options: [String]?

    init(name: LocatedText, type: InputType) {
        self.name = name
        self.type = type
    }
}

package struct SecretDefinition: Sendable {
    package var name: LocatedText
    package var description: String?
    package var isRequired = false
}

package struct OutputDefinition: Sendable {
    package var name: LocatedText
    package var description: String?
    package var value: TemplateToken
}
