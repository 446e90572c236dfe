// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("What the program is packed with")
struct PackagingTests {
    private static let folder = Program.repository + "/packaging"

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    /// A copy of a unit whose program is there.
    private func unit(_ name: String, in sandbox: Sandbox) throws -> String {
        let text = try text("\(Self.folder)/\(name)").replacingOccurrences(
            of: "/usr/local/bin/martlet", with: Program.path)
        return try sandbox.write(name, text)
    }

    @Test(
        "systemd finds nothing wrong with the units",
        .enabled(if: Program.has("systemd-analyze")), arguments: ["martlet.service", "martlet-runner.service"])
    func verified(_ name: String) throws {
        let sandbox = try Sandbox()
        let ended = try sandbox.start(["systemd-analyze", "verify", "--man=no", try unit(name, in: sandbox)]).end()
        #expect(ended.status == 0, "\(ended.err)")
        let words = ended.err.split(separator: "\n").filter { $0.contains(name) }
        #expect(words.isEmpty, "\(words)")
    }

    @Test("The server's unit is exposed less than systemd finds medium", .enabled(if: Program.has("systemd-analyze")))
    func exposure() throws {
        let sandbox = try Sandbox()
        let ended = try sandbox.start([
            "systemd-analyze", "security", "--offline=true", "--threshold=40", "--no-pager",
            try unit("martlet.service", in: sandbox),
        ]).end()
        #expect(ended.status == 0, "\(ended.out)")
    }

    @Test("The units' commands are ones that the program takes")
    func commands() throws {
        let sandbox = try Sandbox()
        for name in ["martlet.service", "martlet-runner.service"] {
            let line = try #require(
                try text("\(Self.folder)/\(name)").split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
            let words = line.dropFirst("ExecStart=".count).split(separator: " ").dropFirst().map(String.init)
            let ended = try sandbox.start([Program.path] + words + ["--help"]).end()
            #expect(ended.status == 0 && ended.out.contains("USAGE: martlet \(words[0])"), "\(ended.err)")
        }
    }

    private static let haproxy = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "The load balancer's file of the page about several servers is one that HAProxy takes",
        .enabled(if: haproxy != nil))
    func balancer() throws {
        let sandbox = try Sandbox()
        let page = try text(Program.repository + "/docs/operating/several-servers.md")
        let block = try #require(
            page.components(separatedBy: "```haproxy\n").last?.components(separatedBy: "```").first)
        let path = try sandbox.write("haproxy.cfg", block)
        let ended = try sandbox.start([Self.haproxy ?? "", "-c", "-f", path]).end()
        let words = ended.out + ended.err
        #expect(ended.status == 0 && block.contains("/readyz"), "\(words)")
        #expect(!words.contains("WARNING") && !words.contains("ALERT"), "\(words)")
    }

    @Test("Every option of a command in the pages about operating is one that the program has")
    func optionsOfPages() throws {
        let sandbox = try Sandbox()
        let folder = Program.repository + "/docs/operating"
        var help: [String: String] = [:]
        var seen = 0
        for page in try FileManager.default.contentsOfDirectory(atPath: folder) where page.hasSuffix(".md") {
            for line in try text("\(folder)/\(page)").split(separator: "\n") where !line.hasPrefix("|") {
                for command in line.matches(of: /martlet ((?:server|runner|token|clean)(?: [a-z-]+)?)((?: [^`#]*)?)/) {
                    let verb = verb(String(command.output.1))
                    if help[verb] == nil {
                        let words = verb.split(separator: " ").map(String.init)
                        help[verb] = try sandbox.start([Program.path] + words + ["--help"]).end().out
                    }
                    for option in command.output.2.matches(of: /--[a-z][a-z-]+/) {
                        seen += 1
                        #expect(help[verb]?.contains(option.output) == true, "\(page): \(verb) \(option.output)")
                    }
                }
            }
        }
        #expect(seen > 25)
    }

    /// Without a word that is no verb.
    private func verb(_ text: String) -> String {
        let words = text.split(separator: " ").map(String.init)
        let known = [
            "server": ["backup", "migrate", "restore", "rotate-key"],
            "runner": ["run", "register", "token", "list", "carry", "mark"],
            "token": ["create"],
        ]
        guard words.count > 1, known[words[0]]?.contains(words[1]) == true else { return words[0] }
        return words.joined(separator: " ")
    }

    @Test("The image's program starts from nothing but Debian's packages, as nobody's user, and says how it is")
    func containerfile() throws {
        let text = try text("\(Self.folder)/Containerfile")
        #expect(text.contains("USER 10001:10001") && text.contains("HEALTHCHECK") && text.contains("apt-get install"))
        #expect(
            !text.contains("http://")
                || text.matches(of: /https?:\/\/[^ "\/:]+/).allSatisfy { $0.output.contains("127.0.0.1") })
        #expect(!text.contains("curl -") && !text.contains("wget"))
    }
}
