// SPDX-License-Identifier: Apache-2.0

package import SourceForges

/// Where a project's statuses are told, and which.
package struct StatusTarget: Sendable {
    package var address: ForgeAddress
    package var route: StatusRoute
    package var token: String
    /// `owner/name`.
    package var repository: String
    /// Its address was given by somebody who does not administer the server: see ``StatusDesk/Surroundings/guardedTransport``.
    package var isGuarded = false
    /// Each job has a status of its own, beside the workflow's.
    package var tellsJobs = false
    /// Workflows that a filter kept from running on a pull request are told as skipped, so that a required status comes.
    package var tellsFiltered = false

    package init(_ address: ForgeAddress, route: StatusRoute, token: String, repository: String) {
        self.address = address
        self.route = route
        self.token = token
        self.repository = repository
    }
}
