// SPDX-License-Identifier: Apache-2.0

package import SecretRedaction

/// What a job may know that nobody else may.
package struct JobSecrets: Sendable {
    package var secrets: [Secret] = []
    /// `github.token`.
    package var token = ""
    package var isDebug = false

    package init() {}
}
