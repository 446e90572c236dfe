// SPDX-License-Identifier: Apache-2.0

internal import YAMLReading

/// Runner labels that GitHub gives out, and what they say about the system.
enum RunnerTable {
    enum System: Sendable {
        case windows
        case unix
    }

    /// Source: GitHub's page "About GitHub-hosted runners".
    static let hosted: [String] = words(
        """
        ubuntu-latest ubuntu-slim ubuntu-26.04 ubuntu-26.04-arm ubuntu-24.04 ubuntu-24.04-arm ubuntu-22.04 ubuntu-22.04-arm ubuntu-latest-4-cores \
        ubuntu-latest-8-cores ubuntu-latest-16-cores windows-latest windows-latest-8-cores windows-2025 \
        windows-2025-vs2026 windows-2022 windows-11-arm windows-11-vs2026-arm macos-latest macos-latest-large macos-latest-xlarge macos-26 \
        macos-26-intel macos-26-large macos-26-xlarge macos-15 macos-15-intel macos-15-large macos-15-xlarge macos-14 \
        macos-14-large macos-14-xlarge xcode-27 xcode-27-xlarge
        """)

    /// Labels that every self-hosted runner has one or more of.
    static let selfHosted = words("self-hosted linux macos windows x64 x86 arm arm64")

    /// Images that were there once, and what took their place.
    static func replacement(forRemoved label: String) -> String? {
        let folded = label.lowercased()
        let removed = words(
            """
            ubuntu-20.04 ubuntu-18.04 ubuntu-16.04 windows-2019 windows-2016 macos-13 macos-13-large macos-13-xlarge \
            macos-12 macos-12-large macos-12-xl macos-12-xlarge macos-11 macos-11.0 macos-10.15 macos-10.14 \
            macos-10.13 macos-10
            """)
        guard removed.contains(folded) else { return nil }
        return folded.split(separator: "-").first.map { "\($0)-latest" }
    }

    static func isKnown(_ label: String) -> Bool {
        let folded = label.lowercased()
        return hosted.contains(folded) || selfHosted.contains(folded)
            || providerPrefixes.contains { folded.hasPrefix($0) }
    }

    /// How the labels of companies that rent out runners begin.
    private static let providerPrefixes = words(
        "blacksmith- buildjet- cirun- codspeed- depot- namespace-profile- nscloud- runs-on= runs-on, ubicloud- warp-")

    /// The images that a label can stand for; empty where it says nothing about the system.
    static func images(for label: String) -> Set<String> {
        let folded = label.lowercased()
        switch folded {
        case "linux": return Set(hosted.filter { $0.hasPrefix("ubuntu") }.map(image))
        case "macos", "windows": return Set(hosted.filter { $0.hasPrefix(folded) }.map(image))
        default: return hosted.contains(folded) ? [image(folded)] : []
        }
    }

    /// The image behind a label that is only another name.
    private static func image(_ label: String) -> String {
        switch label {
        case "ubuntu-latest", "ubuntu-slim", "ubuntu-latest-4-cores", "ubuntu-latest-8-cores",
            "ubuntu-latest-16-cores":
            "ubuntu-24.04"
        case "windows-latest", "windows-latest-8-cores": "windows-2025"
        case "macos-latest": "macos-15"
        case "macos-latest-large": "macos-15-large"
        case "macos-latest-xlarge": "macos-15-xlarge"
        default: label
        }
    }

    /// `nil` where the labels do not say, or say two things.
    static func system(of job: JobOutline) -> System? {
        guard let runsOn = job.node["runs-on"] else { return nil }
        let labels = runsOn["labels"]?.textsOrList ?? runsOn.textsOrList
        var found: System?
        for label in labels.compactMap(\.text) {
            let folded = label.lowercased()
            let system: System
            if folded == "windows" || folded.hasPrefix("windows-") {
                system = .windows
            } else if ["linux", "macos"].contains(folded) || folded.hasPrefix("ubuntu-") || folded.hasPrefix("macos-") {
                system = .unix
            } else {
                continue
            }
            guard found == nil || found == system else { return nil }
            found = system
        }
        return found
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
