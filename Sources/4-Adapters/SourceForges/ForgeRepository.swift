// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// A repository as a payload names it.
package struct ForgeRepository: Hashable, Sendable {
    /// `owner/name`; on GitLab the owner can have slashes: `group/subgroup/name`.
    package var fullName: String
    /// Over HTTPS, as the forge says it. What is cloned is the address that the project has here: a payload must not choose.
    package var cloneURL: String?
    package var webURL: String?
    package var defaultBranch: String?
    package var isPrivate: Bool
    /// GitLab's API takes it in the place of the name.
    package var id: Int?

    package init(
        fullName: String, cloneURL: String? = nil, webURL: String? = nil, defaultBranch: String? = nil,
        isPrivate: Bool = false
    ) {
        self.fullName = fullName
        self.cloneURL = cloneURL
        self.webURL = webURL
        self.defaultBranch = defaultBranch
        self.isPrivate = isPrivate
    }

    /// Reads the `repository` of a payload in GitHub's shape; `nil` where it has no proper `full_name`.
    init?(payload: DataValue?) {
        guard let payload, let fullName = payload["full_name"]?.string, Self.isName(fullName) else { return nil }
        self.fullName = fullName
        cloneURL = payload["clone_url"]?.string
        webURL = payload["html_url"]?.string
        defaultBranch = payload["default_branch"]?.string
        isPrivate = payload["private"]?.bool ?? true
        id = payload["id"]?.int
    }

    /// All before the last slash.
    package var owner: String { String(fullName[..<(fullName.lastIndex(of: "/") ?? fullName.startIndex)]) }
    package var name: String { String(fullName.split(separator: "/").last ?? "") }

    /// In GitHub's shape.
    var payload: DataObject {
        var object: DataObject = [
            "name": .string(name), "full_name": .string(fullName), "private": .bool(isPrivate), "fork": false,
            "owner": ["login": .string(owner), "name": .string(owner)],
            "visibility": isPrivate ? "private" : "public",
        ]
        object.set("id", id.map { .number(Double($0)) })
        object.set("html_url", webURL.map { .string($0) })
        object.set("clone_url", cloneURL.map { .string($0) })
        object.set("default_branch", defaultBranch.map { .string($0) })
        return object
    }

    /// Parts, none of them empty, `.` or `..`: names become parts of addresses and paths.
    static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= ForgeLimits.nameBytes
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && name.unicodeScalars.allSatisfy {
                $0.value > 32 && $0.value != 127 && !"?#%\\:@".unicodeScalars.contains($0)
            }
    }
}
