// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What lives on this machine, as /proc tells it.
enum Processes {
    /// Zombies are dead.
    static func isAlive(_ pid: pid_t) -> Bool {
        guard let stat = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/stat")),
            let end = stat.lastIndex(of: UInt8(ascii: ")")), end + 2 < stat.endIndex
        else { return false }
        return stat[end + 2] != UInt8(ascii: "Z")
    }

    static var all: [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    static func command(_ pid: pid_t) -> String {
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))) ?? Data()
        return String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }

    /// Children, and theirs.
    static func below(_ pid: pid_t) -> [pid_t] {
        let path = "/proc/\(pid)/task/\(pid)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }.flatMap { [$0] + below($0) }
    }

    /// Living processes with this command line.
    static func withCommand(_ command: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let bytes = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))) ?? Data()
            let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.joined(separator: " ") == command && isAlive(pid)
        }
    }

    /// Living processes that have this text in their environment.
    static func withEnvironment(containing text: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ")) else { return false }
            return bytes.range(of: Data(text.utf8)) != nil && isAlive(pid)
        }
    }
}
