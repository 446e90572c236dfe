// SPDX-License-Identifier: Apache-2.0

import StructuredData

/// The marks of a folder's short logs, all in one file: creating a file for each would cost more than the log itself,
/// most of all where many files were deleted shortly before (ext4 walks past each inode that was freed lately).
///
/// A record is a line end, the log's file name, a blank and the marks (see ``LogMarkCoding``) in hexadecimal digits. A
/// record begins with the line end, so that one torn in a crash does not spoil the next. The last record of a name holds.
enum FolderMarks {
    /// No log has this name: theirs end with `.log`.
    private static let fileName = "marks"

    /// Several jobs and steps may append at once: a record is one write to the end of the file.
    static func append(_ marks: [UInt8], of path: String) throws(LogError) {
        let (folder, name) = split(path)
        let record = Array("\n\(name) \(Hexadecimal.text(marks))".utf8)
        let file = try LogFile(appending: "\(folder)/\(fileName)")
        try record.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try file.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// The bytes of the marks, as far as they are whole; `nil` where there are none.
    static func find(of path: String) -> [UInt8]? {
        let (folder, name) = split(path)
        guard let file = try? LogFile(reading: "\(folder)/\(fileName)") else { return nil }
        var bytes = [UInt8](repeating: 0, count: file.size)
        guard let count = try? bytes.reading(file, at: 0, count: bytes.count), count > 0 else { return nil }
        let start = Array("\(name) ".utf8)
        return bytes.withUnsafeBytes { all in
            let records = UnsafeRawBufferPointer(rebasing: all[..<count])
            var found: Range<Int>?
            var end = LineCounting.next(in: records, from: 0)
            while let begin = end.map({ $0 + 1 }) {
                end = LineCounting.next(in: records, from: begin)
                let record = begin..<(end ?? count)
                if records[record].starts(with: start) { found = record }
            }
            return found.map { Hexadecimal.bytes(records[$0].dropFirst(start.count)) }
        }
    }

    private static func split(_ path: String) -> (folder: Substring, name: Substring) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (path[..<slash], path[path.index(after: slash)...])
    }
}
