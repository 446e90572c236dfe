// SPDX-License-Identifier: Apache-2.0

package import SecretRedaction

/// What a job may know that nobody else may.
package struct JobSecrets: Sendable {
    package var secrets: [Secret] = []
    /// Variables of the job's environment, by name: in its `vars` they stand before those of the run.
    package var variables: [String: String] = [:]
    /// `github.token`.
    package var token = ""
    package var isDebug = false

    package init() {}
}
