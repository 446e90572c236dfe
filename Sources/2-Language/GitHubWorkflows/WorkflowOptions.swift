// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// What a reading may cost; past a limit it ends with a coded error. The values are GitHub's.
package struct WorkflowLimits: Hashable, Sendable {
    /// UTF-16 units of one file.
    package var fileLength = 1 << 20
    /// Nested collections.
    package var depth = 50
    /// YAML nodes of one file, with aliases expanded.
    package var nodes = 50_000
    /// Bytes of all tokens of all files, as GitHub's parser counts them.
    package var resultBytes = 10 << 20
    /// Jobs of all files; 0: any number.
    package var jobs = 0
    /// Files: the workflow and those it calls.
    package var files = 51
    /// How deep calls of reusable workflows may be nested below the first.
    package var callDepth = 9
    /// Findings that are kept.
    package var diagnostics = 100

    package init() {}
}

/// What jobs may do that ask for nothing: a setting of the repository.
package enum PermissionsPolicy: String, Hashable, Sendable {
    /// Read `contents` and `packages`.
    case limitedRead = "LimitedRead"
    case write = "Write"
}

/// The text of a called workflow.
package struct CalledWorkflow: Sendable {
    package var text: [UInt8]
    /// Its name in messages: `owner/repo/path@ref`, or the path of a local file.
    package var path: String
    /// Whether it may be given an ID token under the policy ``PermissionsPolicy/write``.
    package var isTrusted: Bool

    package init(text: [UInt8], path: String, isTrusted: Bool = false) {
        self.text = text
        self.path = path
        self.isTrusted = isTrusted
    }
}

/// How a workflow is read.
package struct WorkflowOptions: Sendable {
    package var limits = WorkflowLimits()
    package var permissionsPolicy = PermissionsPolicy.write
    /// Off: an anchor is an error, as it was on GitHub until 2025.
    package var allowsAnchors = true
    /// Off: a call of another repository's workflow that the resolver does not find is left as it is, for a plan can
    /// say so of the one job. A local file that is missing is always an error.
    package var requiresRemoteWorkflows = true
    /// Finds a called workflow: the reference as written (`./.github/workflows/x.yml`, `owner/repo/path@ref`) and the
    /// path of the calling file; `nil` where there is none. It throws where there is one that cannot be read. Without a
    /// resolver calls are not followed.
    package var resolver: Resolver?

    package typealias Resolver =
        @Sendable (_ reference: String, _ caller: String) throws(DiagnosticError) ->
        CalledWorkflow?

    package init() {}
}
