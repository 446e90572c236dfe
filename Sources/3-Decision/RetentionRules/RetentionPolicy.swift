// SPDX-License-Identifier: Apache-2.0

/// How long things of runs are kept. `nil` days: for ever.
package struct RetentionPolicy: Hashable, Sendable {
    /// A run with all that it has, counted from its end.
    package var runDays: Int?
    /// Its logs; the run, its reasons and its tests stay.
    package var logDays: Int?
    /// The longest that an artifact is kept, whatever its upload asked for.
    package var artifactDays: Int?
    /// Workspaces of runs that are over.
    package var workspaceDays: Int?
    /// So many of the newest runs of each pipeline stay whole, however old they are.
    package var keepLast: Int

    package init(
        runDays: Int? = nil, logDays: Int? = nil, artifactDays: Int? = nil, workspaceDays: Int? = nil,
        keepLast: Int = 0
    ) {
        self.runDays = runDays
        self.logDays = logDays
        self.artifactDays = artifactDays
        self.workspaceDays = workspaceDays
        self.keepLast = keepLast
    }

    /// What a server does that nobody told otherwise: the days are those that GitHub keeps things for.
    package static let server = RetentionPolicy(
        runDays: 400, logDays: 90, artifactDays: 90, workspaceDays: 0, keepLast: 20)

    /// Of a runner: the server has everything, and what stays is for going on in the middle of a job.
    package static let runner = RetentionPolicy(runDays: 7, workspaceDays: 0)

    package static let maximumDays = 36_500
    package static let maximumKept = 100_000

    // MARK: as text

    /// `30`, `30d`, or `forever`.
    ///
    /// - Returns: `nil` where it is neither; of `forever` the inner value is `nil`.
    package static func days(_ text: String) -> Int?? {
        if text == "forever" { return .some(nil) }
        let digits = text.hasSuffix("d") ? text.dropLast() : text[...]
        guard let days = Int(digits), (0...maximumDays).contains(days) else { return nil }
        return .some(days)
    }

    /// Names of a project's options that say what is kept of it.
    package enum Option: String, Hashable, Sendable, CaseIterable {
        case runDays
        case logDays
        case artifactDays
        case keepLast
    }

    /// Whether the text can stand for the option.
    package static func accepts(_ text: String, for option: Option) -> Bool {
        guard option == .keepLast else { return days(text) != nil }
        return Int(text).map { (0...maximumKept).contains($0) } ?? false
    }

    /// This policy with what a project says otherwise; what cannot be read says nothing.
    package func with(_ options: [String: String]) -> RetentionPolicy {
        var policy = self
        func set(_ option: Option, _ path: WritableKeyPath<RetentionPolicy, Int?>) {
            guard let days = options[option.rawValue].flatMap({ Self.days($0) }) else { return }
            policy[keyPath: path] = days
        }
        set(.runDays, \.runDays)
        set(.logDays, \.logDays)
        set(.artifactDays, \.artifactDays)
        if let count = options[Option.keepLast.rawValue].flatMap({ Int($0) }), (0...Self.maximumKept).contains(count) {
            policy.keepLast = count
        }
        return policy
    }
}
