// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import Testing

private func code(_ body: () throws -> Void) -> DiagnosticCode? {
    do {
        try body()
        return nil
    } catch {
        return (error as? DiagnosticError)?.diagnostic.code
    }
}

@Suite("Addresses that people give")
struct AddressGuardTests {
    @Test("A public address passes, with its parts")
    func passes() throws {
        let standard = AddressGuard()
        let target = try standard.target("https://Hooks.Example.org/services/T0?x=1#y")
        #expect([target.scheme, target.host, "\(target.port)"] == ["https", "hooks.example.org", "443"])
        #expect(try standard.target("HTTPS://example.org:8443").port == 8443)
        #expect(try standard.target("https://[2606:4700::1111]/").host == "2606:4700::1111")
        #expect(try standard.target("https://example.org./").host == "example.org")
        try standard.check(resolved: ["93.184.215.14", "2606:4700:4700::1111"])
    }

    @Test(
        "Names that lead inside are refused by what they resolve to",
        arguments: [
            "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
            "169.254.169.254",
            "100.64.1.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "255.255.255.255",
            "198.18.0.1",
            "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "2001:db8::1", "2001:0:1::1",
        ])
    func inside(address: String) {
        #expect(code { try AddressGuard().check(resolved: ["93.184.215.14", address]) } == .addressRefused)
    }

    @Test(
        "Neighbours of the refused ranges pass",
        arguments: [
            "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
            "100.63.255.255",
            "100.128.0.0", "223.255.255.255", "126.255.255.255", "128.0.0.0", "fbff::1", "2003::1", "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ])
    func outside(address: String) throws {
        try AddressGuard().check(resolved: [address])
    }

    @Test(
        "Odd addresses are refused as texts",
        arguments: [
            "", "example.org", "//example.org", "https://", "https://user@example.org", "https://a:b@example.org",
            "https://exa mple.org", "https://example.org\\@inside", "https://127.1/", "https://2130706433/",
            "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://[::1", "https://[::1%25lo]/",
            "https://example..org/", "https://example.org:99999/", "https://example.org:x/", "https://例え.jp/",
            "https://1.2.3.4.5/", "https://[12345::]/", "https://[1:2:3:4:5:6:7:8:9]/",
        ])
    func odd(url: String) {
        #expect(code { _ = try AddressGuard().target(url) } == .addressInvalid)
    }

    @Test(
        "Other schemes, other ports and this machine are refused",
        arguments: [
            "http://example.org/", "ftp://example.org:443/", "file://example.org/", "gopher://example.org:443/",
            "https://example.org:22/", "https://localhost/", "https://a.localhost/", "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
        ])
    func refused(url: String) {
        #expect(code { _ = try AddressGuard().target(url) } == .addressRefused)
    }

    @Test("Settings allow schemes, ports, private networks or single ranges, and a cloud's credentials only by name")
    func settings() throws {
        var open = AddressGuard()
        open.schemes = ["https", "http"]
        open.ports = [80, 9000]
        open.allowsPrivate = true
        #expect(try open.target("http://localhost/").port == 80)
        _ = try open.target("http://10.0.0.1:9000/")
        #expect(code { try open.check(resolved: ["169.254.169.254"]) } == .addressRefused)
        var one = AddressGuard()
        one.allowedRanges = [try #require(AddressRange("10.1.0.0/16")), try #require(AddressRange("fd00::1"))]
        try one.check(resolved: ["10.1.2.3", "fd00::1"])
        #expect(code { try one.check(resolved: ["10.2.2.3"]) } == .addressRefused)
        #expect(code { try one.check(resolved: ["fd00::2"]) } == .addressRefused)
        #expect(code { try one.check(resolved: []) } == .addressRefused)
        #expect(code { try one.check(resolved: ["nonsense"]) } == .addressRefused)
        #expect(AddressRange("10.0.0.0/33") == nil && AddressRange("10.0.0/8") == nil)
    }
}
