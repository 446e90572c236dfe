// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import ServerOperation
internal import SourceForges
internal import WebPages

/// Where a project's forge, or a hook of its repository, tells of pushes.
enum HookAddress {
    /// For who knocks beside it.
    static var form: String {
        "A forge's webhook is posted to /hooks/{forge}/{project}: the forge is "
            + "\(ForgeKind.allCases.map(\.rawValue).joined(separator: ", ")), the project's name has %2F for each slash."
    }

    static func of(_ project: Project, _ server: Server) -> String {
        server.address + PageAddress("hooks", project.settings.forge.rawValue, project.name).text
    }
}
