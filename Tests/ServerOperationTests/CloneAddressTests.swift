// SPDX-License-Identifier: Apache-2.0

import AccessRules
import FileAccess
import Foundation
import TestFolders
import TestPrograms
import Testing

@Suite("Addresses to clone from are read as git reads them", .ownFolders)
struct CloneAddressTests {
    private static let good = [
        "ssh://git@example.org/x.git", "ssh://example.org:2222/x.git", "ssh://git@[::1]:2222/x.git",
        "ssh://git@Example.org./~lea/x.git", "ssh://git@example.org:022/x", "git@example.org:o/x.git",
        "example.org:x", "git@[::1]:x", "[2001:db8::1]:x", "git@example.org:/srv/100%/x@y.git",
    ]
    /// What git connects to is not what stands where a host stands.
    private static let bad = [
        "ssh://git%40127.0.0.1%3A22222%2F@github.com/x.git", "ssh://git@github.com?x@10.0.0.5:2222/a.git",
        "ssh://git@github.com#x@10.0.0.5/a.git", "ssh://github.com/@[10.0.0.1]/x.git",
        "ssh://git@github.com\\@10.0.0.1/x", "ssh://a@b@10.0.0.1/x", "[git@10.0.0.1:2222]:x", "[10.0.0.1:2222]:x",
        "git@github.com:x@[10.0.0.1]:y", "ssh://[10.0.0.1:2222]/x", "ssh://git@[git@10.0.0.1]/x",
        "ssh://github.com:22:2222/x", "ssh://github.com:/x", "ssh://github.com:ssh/x", "ssh://git:pw@github.com/x",
        "ssh://-oProxyCommand=id/x", "ssh://git@-oProxyCommand=id/x", "ssh:///x", "ssh://@github.com/x",
        "github.com%3a22:x", "a@b@10.0.0.1:x", "ssh://git@github.com/a%2fb", "ssh://github.com:0/x",
        "ssh://gıthub.com/x", "git@github.com:a://b", "@:x", ":x", "ssh://[::1%25lo]/x",
    ]

    @Test(
        "The host that git gives to ssh is the one that was looked at, or the address is refused", arguments: good + bad
    )
    func secureShell(address: String) throws {
        guard let place = (try? CloneAddress(address))?.place else {
            #expect(Self.bad.contains(address))
            return
        }
        #expect(Self.good.contains(address))
        #expect(try asked(address) == place)
    }

    @Test(
        "Over HTTP the host is plain too",
        arguments: [
            ("https://Example.org/o/x.git", "https://example.org:443"),
            ("http://[::1]:80/x?y=%20#z", "http://[::1]:80"),
            ("https://example.org", "https://example.org:443"), ("https://github.com%2f@10.0.0.1/x", nil),
            ("https://github.com?x@10.0.0.1/x", nil), ("https://github.com#@10.0.0.1/x", nil),
            ("https://github.com\\@10.0.0.1/x", nil), ("https://10.0.0.1%2egithub.com/x", nil),
            ("https://github.com:443:80/x", nil), ("https://github.com/a\\b", nil), ("https:///x", nil),
            ("git://github.com%2f@10.0.0.1/x", nil), ("git://user@10.0.0.1/x", nil),
        ] as [(String, String?)])
    func web(address: String, place: String?) {
        #expect((try? CloneAddress(address))?.place == place)
    }

    @Test(
        "A folder, and what git has a helper for, is no place of the network",
        arguments: ["/srv/a:b/x.git", "./x:y", "other.git", "file:///srv/100%.git", "ext::sh", "foo://x@y@z/"])
    func folders(address: String) throws {
        #expect(try CloneAddress(address).place == nil)
    }

    /// Where git has ssh connect to, as places are written.
    private func asked(_ address: String) throws -> String {
        let folder = try OwnFolders.make()
        let script = "#!/bin/sh\nprintf '%s\\n' \"$@\" >'\(folder)/asked'\nexit 1\n"
        try Files.replace(folder + "/ssh", with: script.utf8, mode: 0o700)
        let process = ChildProcess()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-c", "protocol.version=0", "ls-remote", "--", address]
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder,
            "GIT_SSH_COMMAND": folder + "/ssh", "GIT_SSH_VARIANT": "ssh", "GIT_TERMINAL_PROMPT": "0",
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        var words = String(decoding: try Files.read(folder + "/asked", limit: 10_000), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        var port = 22
        if words.first == "-p" {
            port = try #require(Int(words[1]))
            words.removeFirst(2)
        }
        let host = try #require(words.first?.split(separator: "@").last).lowercased()
        return "ssh://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
