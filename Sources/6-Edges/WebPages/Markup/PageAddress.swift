// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages

/// Where a link or a form leads: a path of this server, or a page elsewhere over HTTP. Nothing else can be one, so that
/// no value can become a `javascript:` link.
package struct PageAddress: Hashable, Sendable {
    package let text: String

    private init(trusted text: String) { self.text = text }

    /// A path of this server from its parts, each percent-encoded; no parts: the overview.
    package init(_ parts: String..., query: [(String, String)] = [], fragment: String? = nil) {
        self.init(parts: parts, query: query, fragment: fragment)
    }

    package init(parts: [String], query: [(String, String)] = [], fragment: String? = nil) {
        var text = "/" + parts.map { FormText.encoded($0) }.joined(separator: "/")
        text += Self.queryText(query)
        if let fragment { text += "#" + FormText.encoded(fragment) }
        self.init(trusted: text)
    }

    /// The same page with another query.
    package static func query(_ pairs: [(String, String)], of path: PageAddress) -> PageAddress {
        let bare = path.text.prefix { $0 != "?" && $0 != "#" }
        return PageAddress(trusted: bare + queryText(pairs))
    }

    /// A place on the same page.
    package static func place(_ id: String) -> PageAddress { PageAddress(trusted: "#" + FormText.encoded(id)) }

    /// An address that was given: `http` or `https`, or a path of this server that no browser takes for another host.
    package init?(checking text: String) {
        let lower = text.prefix(8).lowercased()
        let isElsewhere = lower.hasPrefix("https://") || lower.hasPrefix("http://")
        let isPath = text.hasPrefix("/") && !text.hasPrefix("//") && !text.hasPrefix("/\\")
        guard isElsewhere || isPath, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
        else { return nil }
        self.init(trusted: text)
    }

    private static func queryText(_ pairs: [(String, String)]) -> String {
        guard !pairs.isEmpty else { return "" }
        return "?" + pairs.map { "\(FormText.encoded($0))=\(FormText.encoded($1))" }.joined(separator: "&")
    }

    /// An asset's path, which has no character to encode.
    static func asset(_ path: String) -> PageAddress { PageAddress(trusted: path) }

    /// A path with `{name}` in it that the page's module fills in.
    static func template(_ path: String) -> PageAddress { PageAddress(trusted: path) }
}

/// The addresses of the pages and of the API that they use. All of them stand here.
extension PageAddress {
    package static var overview: PageAddress { PageAddress() }
    package static var approvals: PageAddress { PageAddress("approvals") }
    package static var login: PageAddress { PageAddress("login") }
    package static var account: PageAddress { PageAddress("account") }
    package static var audit: PageAddress { PageAddress("audit") }
    package static var palette: PageAddress { PageAddress("api", "v1", "palette") }
    package static var overviewEvents: PageAddress { PageAddress("api", "v1", "events") }

    package static func project(_ name: String, _ query: [(String, String)] = []) -> PageAddress {
        PageAddress("projects", name, query: query)
    }

    package static func settings(_ room: String) -> PageAddress { PageAddress("settings", room) }

    /// - Parameter attempt: `nil` is the latest, whichever that will be.
    package static func run(_ run: Int, _ attempt: Int? = nil, _ query: [(String, String)] = []) -> PageAddress {
        PageAddress(parts: ["runs", String(run)] + (attempt.map { [String($0)] } ?? []), query: query)
    }

    /// Where an act on a run is posted to: `rerun`, `cancel`.
    package static func runAct(_ run: Int, _ attempt: Int, _ act: String) -> PageAddress {
        PageAddress("runs", String(run), String(attempt), act)
    }

    package static func runEvents(_ run: Int, _ attempt: Int) -> PageAddress {
        PageAddress("api", "v1", "runs", String(run), "attempts", String(attempt), "events")
    }

    package static func runSearch(_ run: Int, _ attempt: Int) -> PageAddress {
        PageAddress("api", "v1", "runs", String(run), "attempts", String(attempt), "search")
    }

    /// The page of a search, for those without scripts.
    package static func searchPage(_ run: Int, _ attempt: Int) -> PageAddress {
        PageAddress("runs", String(run), String(attempt), "search")
    }

    /// A log's permanent page. - Parameter lines: both ends are shown.
    package static func log(_ place: LogPlace, lines: ClosedRange<Int>? = nil, from: Int? = nil) -> PageAddress {
        let query = from.map { [("from", String($0))] } ?? []
        let fragment = lines.map { $0.count == 1 ? "L\($0.lowerBound)" : "L\($0.lowerBound)-L\($0.upperBound)" }
        return PageAddress(
            "runs", String(place.run), String(place.attempt), "log", place.job, place.step,
            String(place.stepAttempt), query: query, fragment: fragment)
    }

    /// A log's lines for programs.
    package static func logLines(_ place: LogPlace, _ query: [(String, String)] = []) -> PageAddress {
        PageAddress(
            "api", "v1", "runs", String(place.run), "attempts", String(place.attempt), "logs", place.job, place.step,
            String(place.stepAttempt), query: query)
    }

    /// The page of any log line of an attempt, with names in braces for what a match says.
    static func logTemplate(_ run: Int, _ attempt: Int) -> PageAddress {
        .template("/runs/\(run)/\(attempt)/log/{job}/{step}/{attempt}#L{line}")
    }
}

/// Which log: a step's attempt of an attempt of a run.
package struct LogPlace: Hashable, Sendable {
    package var run: Int
    package var attempt: Int
    /// A job of the run as `JobID` has it: `test#2`.
    package var job: String
    /// A step by its place: `3` or `3.1`.
    package var step: String
    package var stepAttempt: Int

    package init(run: Int, attempt: Int, job: String, step: String, stepAttempt: Int = 1) {
        self.run = run
        self.attempt = attempt
        self.job = job
        self.step = step
        self.stepAttempt = stepAttempt
    }
}
