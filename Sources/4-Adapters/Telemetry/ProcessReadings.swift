// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the kernel says of this process. Source: proc(5).
struct ProcessReadings: Hashable {
    var cpuSeconds: Double
    var residentBytes: Int
    var virtualBytes: Int
    /// Since 1970.
    var startSeconds: Double?
    var openFiles: Int?
    var fileLimit: Int?

    /// `nil` where there is no `/proc`.
    static func now() -> ProcessReadings? {
        guard let stat = text("/proc/self/stat") else { return nil }
        let boot = text("/proc/stat").flatMap { all in
            all.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        }
        var readings = parse(stat, ticks: Double(sysconf(Int32(_SC_CLK_TCK))), pageBytes: sysconf(Int32(_SC_PAGESIZE)))
        if let boot, let start = readings?.startSeconds { readings?.startSeconds = boot + start }
        if boot == nil { readings?.startSeconds = nil }
        readings?.openFiles = openFileCount()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            readings?.fileLimit = Int(clamping: limit.rlim_cur)
        }
        return readings
    }

    /// - Parameter stat: the line; its second field, the program's name, may hold blanks and brackets.
    static func parse(_ stat: String, ticks: Double, pageBytes: Int) -> ProcessReadings? {
        guard let bracket = stat.lastIndex(of: ")") else { return nil }
        // The first one is field 3.
        let fields = stat[stat.index(after: bracket)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        func field(_ number: Int) -> Double? { fields.count > number - 3 ? Double(fields[number - 3]) : nil }
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24), ticks > 0
        else { return nil }
        return ProcessReadings(
            cpuSeconds: (user + system) / ticks, residentBytes: Int(resident) * pageBytes, virtualBytes: Int(virtual),
            startSeconds: start / ticks)
    }

    private static func openFileCount() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Two names are the folder and its parent, and one descriptor is that of this reading.
        return count - 3
    }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
