// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import TestPrograms
import Testing

/// git's own HTTP server behind lighttpd, on this machine: the way forges speak.
final class GitServer {
    let port: Int
    private let process = ChildProcess()
    private let folder: String

    static let program = ["/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd"].first { Files.isFile($0) }
    static let backend = ["/usr/lib/git-core/git-http-backend", "/usr/libexec/git-core/git-http-backend"].first {
        Files.isFile($0)
    }

    /// Whether there is what it takes; CI installs it.
    static var isThere: Bool { program != nil && backend != nil }

    /// - Parameters:
    ///   - root: `/git/x` is the repository `x` in it.
    ///   - password: of the user `lea`; `nil`: everybody may read.
    init(root: String, password: String?) throws {
        folder = root + "/server"
        try Trees.make(folder)
        port = try Self.freePort()
        var settings = """
            server.document-root = "\(folder)"
            server.bind = "127.0.0.1"
            server.port = \(port)
            server.errorlog = "\(folder)/errors"
            server.modules = ("mod_auth", "mod_authn_file", "mod_setenv", "mod_alias", "mod_redirect", "mod_cgi")
            alias.url = ("/git" => "\(Self.backend ?? "")")
            url.redirect = ("^/moved/(.*)" => "http://localhost:\(port)/git/$1")
            $HTTP["url"] =~ "^/git" {
              cgi.assign = ("" => "")
              setenv.set-environment = ("GIT_PROJECT_ROOT" => "\(root)", "GIT_HTTP_EXPORT_ALL" => "1")
            }

            """
        if let password {
            try Files.write(Array("lea:\(password)\n".utf8), to: folder + "/users")
            settings += """
                auth.backend = "plain"
                auth.backend.plain.userfile = "\(folder)/users"
                auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))

                """
        }
        try Files.write(Array(settings.utf8), to: folder + "/settings")
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments = ["-D", "-f", folder + "/settings"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        while !Self.answers(port) {
            guard process.isRunning else {
                throw DiagnosticError(DiagnosticCode(450), "lighttpd ended by itself")
            }
        }
    }

    deinit {
        // A thread of the tests blocks signals, and what it starts does so, too: this one cannot be blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What it wrote down of what went wrong.
    var errors: String { (try? String(contentsOfFile: folder + "/errors", encoding: .utf8)) ?? "" }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isBound)
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    private static func answers(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
