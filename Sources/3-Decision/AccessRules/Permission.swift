// SPDX-License-Identifier: Apache-2.0

/// One thing that can be allowed. The names are what `martlet auth can-i` takes.
package enum Permission: String, Hashable, Sendable, CaseIterable {
    // What anybody in a project may have.
    case viewStatus
    case viewRuns
    case viewLogs
    case readArtifacts
    case startRuns
    case cancelRuns
    case rerunRuns
    /// Approve or reject a deployment that waits.
    case approve
    /// Let a deployment pass in an emergency, without its approvals.
    case overrideGates
    case manageSecrets
    case manageEnvironments
    /// Incoming secrets, outgoing hooks and channels.
    case manageHooks
    case manageCaches
    case viewAudit
    case manageProject
    /// In a project: who has which role. On the server: accounts.
    case managePeople
    // What is the server's.
    case createProjects
    case registerRunners
    case manageRunners
    case viewMetrics
    case manageServer
    /// A registered runner's alone.
    case takeJobs

    /// The least role that may do it in a project; `nil` where no role may.
    package var minimumRole: Role? {
        switch self {
        case .viewStatus, .viewRuns, .viewLogs, .readArtifacts: .read
        case .startRuns, .cancelRuns, .rerunRuns: .run
        case .approve: .approve
        case .overrideGates, .manageSecrets, .manageEnvironments, .manageHooks, .manageCaches, .viewAudit: .maintain
        case .manageProject, .managePeople: .admin
        case .createProjects, .registerRunners, .manageRunners, .viewMetrics, .manageServer, .takeJobs: nil
        }
    }

    /// As the beginning of a sentence: "Starting runs needs …".
    package var words: String {
        switch self {
        case .viewStatus: "Seeing the status"
        case .viewRuns: "Seeing runs"
        case .viewLogs: "Seeing logs"
        case .readArtifacts: "Reading artifacts"
        case .startRuns: "Starting runs"
        case .cancelRuns: "Cancelling runs"
        case .rerunRuns: "Running again"
        case .approve: "Approving deployments"
        case .overrideGates: "Overriding a gate"
        case .manageSecrets: "Changing secrets and variables"
        case .manageEnvironments: "Changing environments"
        case .manageHooks: "Changing hooks"
        case .manageCaches: "Removing caches"
        case .viewAudit: "Seeing the audit log"
        case .manageProject: "Changing the project"
        case .managePeople: "Changing who has access"
        case .createProjects: "Adding projects"
        case .registerRunners: "Registering runners"
        case .manageRunners: "Changing runners"
        case .viewMetrics: "Reading metrics"
        case .manageServer: "Changing the server"
        case .takeJobs: "Taking jobs"
        }
    }
}

/// Where something is done.
package enum AccessTarget: Hashable, Sendable {
    case server
    case project(EntryID)
}
