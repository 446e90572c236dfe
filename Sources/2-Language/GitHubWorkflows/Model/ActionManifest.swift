// SPDX-License-Identifier: Apache-2.0

/// What an `action.yml` says.
package struct ActionManifest: Sendable {
    package var path: String
    package var name: LocatedText?
    package var description: LocatedText?
    package var inputs: [ActionInput] = []
    package var outputs: [ActionOutput] = []
    package var work: ActionWorkKind
}

package struct ActionInput: Sendable {
    package var name: LocatedText
    package var isRequired: Bool
    /// A string or an expression over `github` and the like.
    package var defaultValue: TemplateToken?
    package var deprecationMessage: String?
}

package struct ActionOutput: Sendable {
    package var name: LocatedText
    /// Only composite actions have one.
    package var value: TemplateToken?
}

package enum ActionWorkKind: Sendable {
    case composite([WorkflowStep])
    case javaScript(JavaScriptAction)
    case docker(DockerAction)
}

/// An action that runs a file with node.
package struct JavaScriptAction: Sendable {
    /// `node20`, `node24`.
    package var runtime: LocatedText
    package var main: LocatedText
    package var pre: LocatedText?
    package var preCondition: Condition
    package var post: LocatedText?
    package var postCondition: Condition
}

/// An action that runs in a container.
package struct DockerAction: Sendable {
    /// `Dockerfile`, or `docker://image`.
    package var image: LocatedText
    package var entrypoint: LocatedText?
    package var arguments: [TemplateToken]
    package var env: TemplateToken?
    package var preEntrypoint: LocatedText?
    package var preCondition: Condition
    package var postEntrypoint: LocatedText?
    package var postCondition: Condition
}
