// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import PatternMatching
package import StructuredData
package import Timekeeping

extension NotificationPolicy {
    /// Reads a policy as settings and the API have it.
    ///
    /// ```json
    /// {"id": "main", "on": ["broke", "fixed"], "projects": ["acme/*"], "workflows": [], "branches": ["main"],
    ///  "to": ["author", {"owners": 120}, {"channel": "ci"}], "digestMinutes": 60,
    ///  "quiet": {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin", "days": ["mon"], "brokenDefaultBranchPasses": true}}
    /// ```
    ///
    /// - Parameter zones: the rules of a time zone by its name, as `ZoneRules(named:)` has them; `nil` for an unknown one.
    /// - Throws: ``DiagnosticCode/policyInvalid`` with the key that is wrong.
    package init(data: DataValue, zones: (String) -> ZoneRules?) throws(DiagnosticError) {
        guard let id = data["id"]?.string, !id.isEmpty, id.utf8.count <= 100 else {
            throw Self.invalid("id", "must be a text of 1 to 100 bytes")
        }
        var changes: Set<StateChange> = []
        for name in data.strings("on") {
            guard let change = StateChange(rawValue: name) else {
                let known = StateChange.allCases.map(\.rawValue).joined(separator: ", ")
                throw Self.invalid("on", "knows \(known), and not '\(name.cut(60))'")
            }
            changes.insert(change)
        }
        guard !changes.isEmpty else { throw Self.invalid("on", "must name a change, such as broke") }
        var routes: [Route] = []
        for entry in data["to"]?.array ?? [] { routes.append(try Self.route(entry)) }
        guard (1...NoticeLimits.routes).contains(routes.count) else {
            throw Self.invalid("to", "must have 1 to \(NoticeLimits.routes) entries")
        }
        self.init(id: id, changes: changes, routes: routes)
        projects = try Self.patterns(data, "projects")
        workflows = try Self.patterns(data, "workflows")
        branches = try Self.patterns(data, "branches")
        if let value = data["digestMinutes"], value != .null {
            guard let minutes = value.int, (1...10_080).contains(minutes) else {
                throw Self.invalid("digestMinutes", "must be 1 to 10080")
            }
            digestInterval = .minutes(Int64(minutes))
        }
        if let quiet = data["quiet"], quiet != .null { quietHours = try Self.quietHours(quiet, zones) }
    }

    private static func route(_ entry: DataValue) throws(DiagnosticError) -> Route {
        if entry.string == "author" { return .author }
        if entry.string == "owners" { return .owners(after: .minutes(0)) }
        if let minutes = entry["owners"]?.int, (0...43_200).contains(minutes) {
            return .owners(after: .minutes(Int64(minutes)))
        }
        if let channel = entry["channel"]?.string, !channel.isEmpty, channel.utf8.count <= 200 {
            return .channel(channel)
        }
        throw invalid("to", "has 'author', 'owners', {\"owners\": minutes} or {\"channel\": name}")
    }

    private static func patterns(_ data: DataValue, _ key: String) throws(DiagnosticError) -> FilterPatternList {
        let sources = data.strings(key)
        guard sources.count <= NoticeLimits.patterns else {
            throw invalid(key, "may have \(NoticeLimits.patterns) patterns")
        }
        do {
            return try FilterPatternList(sources: sources)
        } catch {
            throw invalid(key, "has the pattern '\(error.pattern.cut(60))', and \(error.finding.message)")
        }
    }

    private static func quietHours(
        _ data: DataValue, _ zones: (String) -> ZoneRules?
    ) throws(DiagnosticError) -> QuietHours {
        guard let from = minute(data["from"]?.string), from < 1440 else {
            throw invalid("quiet.from", "must be a time such as 22:00")
        }
        guard let end = minute(data["to"]?.string), end > 0 || from > 0 else {
            throw invalid("quiet.to", "must be a time such as 07:00")
        }
        let zone: QuietHours.Zone
        if let name = data["zone"]?.string {
            guard let rules = zones(name) else {
                throw invalid("quiet.zone", "must be a time zone of this machine, such as Europe/Berlin")
            }
            zone = .rules(rules)
        } else if let minutes = data["offsetMinutes"]?.int, abs(minutes) <= 1_080 {
            zone = .offset(minutes: minutes)
        } else {
            throw invalid("quiet", "needs a 'zone' or 'offsetMinutes'")
        }
        // Midnight as an end is the end of the day that begins.
        var hours = QuietHours(zone: zone, fromMinute: from, toMinute: end == 0 ? 1440 : end)
        let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        for name in data.strings("days") {
            guard let day = names.firstIndex(of: name.lowercased()) else {
                throw invalid("quiet.days", "knows \(names.joined(separator: ", "))")
            }
            hours.days.insert(day)
        }
        hours.brokenDefaultBranchPasses = data.bool("brokenDefaultBranchPasses")
        guard hours.ends else { throw invalid("quiet", "would never end") }
        return hours
    }

    /// `HH:MM`, up to `24:00`.
    private static func minute(_ text: String?) -> Int? {
        let parts = (text ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        else { return nil }
        return hour * 60 + minute
    }

    private static func invalid(_ key: String, _ problem: String) -> DiagnosticError {
        DiagnosticError(
            .policyInvalid, "A notification policy cannot be used: '\(key)' \(problem).",
            remedy: "Correct the policy; until then nothing is told by it.")
    }
}
