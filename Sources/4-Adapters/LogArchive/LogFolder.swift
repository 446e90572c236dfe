// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which step attempt a log belongs to, within a run attempt's folder.
package struct LogKey: Hashable, Sendable {
    /// The job, its matrix leg and attempt, as text.
    package var job: String
    /// The step in its job, as text.
    package var step: String
    /// Of the step, from 1.
    package var attempt: Int

    package init(job: String, step: String, attempt: Int) {
        self.job = job
        self.step = step
        self.attempt = attempt
    }
}

/// The logs of one run attempt: a folder a job, two files a step attempt.
package struct LogFolder: Hashable, Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// Where the logs of one job's steps lie.
    package func folder(job: String) -> String { "\(path)/\(Self.fileName(job))" }

    package func file(_ key: LogKey) -> String {
        "\(folder(job: key.job))/\(Self.fileName(key.step)).\(key.attempt).log"
    }

    /// Creates the log of an attempt, and the folders for it.
    package func writer(_ key: LogKey, limits: LogLimits = LogLimits()) throws(LogError) -> LogWriter {
        let file = file(key)
        do throws(LogError) {
            return try LogWriter(path: file, limits: limits)
        } catch {
            // The folders of a job's first log are missing; asking for them each time would cost more. That around the
            // attempts' goes with the last of them, when logs are removed.
            let around = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            for folder in [around, path, folder(job: key.job)] where !folder.isEmpty {
                guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw LogFile.writeFailure(folder) }
            }
            return try LogWriter(path: file, limits: limits)
        }
    }

    /// A name that no text leads out of its folder with: other characters than letters, digits, `-` and `_`, and dots
    /// at the start, are written as `%` and two digits; long names are cut and told apart by a checksum.
    static func fileName(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var name: [UInt8] = []
        var checksum: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 {
            checksum = (checksum ^ UInt64(byte)) &* 0x100_0000_01B3
            let isPlain =
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45
                || byte == 95
                || (byte == 46 && !name.isEmpty)
            if isPlain {
                name.append(byte)
            } else {
                name += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        guard name.count > 120 else { return name.isEmpty ? "%" : String(decoding: name, as: UTF8.self) }
        return String(decoding: name.prefix(100), as: UTF8.self) + "~" + String(checksum, radix: 16)
    }
}
