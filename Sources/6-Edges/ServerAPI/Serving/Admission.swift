// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import PipelineModel
internal import ServerOperation
internal import Timekeeping

/// Whether somebody who follows something may go on with it: what is told for hours ends when the credential does that it was
/// asked for with, or the right to see it.
struct Admission: Sendable {
    private let server: Server
    private let principal: Principal
    private let session: Session?
    /// `nil`: whatever one may see.
    private let permission: (Permission, AccessTarget)?

    /// What comes faster than this is not asked for each time.
    static let rhythm = Timestamp.Span.seconds(5)

    /// - Parameter permission: for what is a run's.
    init(_ request: APIRequest, _ server: Server, _ permission: (Permission, AccessTarget)? = nil) {
        self.server = server
        self.permission = permission
        (principal, session) = (request.principal, request.session)
    }

    func holds(_ now: Timestamp = .now()) -> Bool {
        if let session, !server.people.sessions.isCurrent(session, now: now) { return false }
        let directory = server.directory.current
        guard let permission else {
            return directory.decision(principal, .viewRuns, at: .server, now: now).verdict != .unknownCaller
        }
        return directory.decision(principal, permission.0, at: permission.1, now: now).isAllowed
    }
}

extension Server {
    /// Of a run, as what it is of may be seen.
    func target(of run: APIRequest) -> AccessTarget {
        let project = (try? run.pathNumber("run")).flatMap { try? self.project(of: RunID($0)) }
        return .project(project ?? EntryID(.project, Int.max))
    }
}
