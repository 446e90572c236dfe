// SPDX-License-Identifier: Apache-2.0

/// Paths of a repository as `uses` names them.
package enum RepositoryPath {
    /// The path without `./` and doubled slashes; `nil` where a `..` in it could lead out of the repository.
    package static func inside(_ path: String) -> String? {
        let parts = path.split { $0 == "/" || $0 == "\\" }.filter { $0 != "." }
        return parts.contains("..") ? nil : parts.joined(separator: "/")
    }
}
