// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PatternMatching
import Testing

/// A folder tree held in memory.
private struct Tree {
    var files: Set<String> = []
    var folders: Set<String> = ["/"]
    /// Path of a link to the path it leads to.
    var links: [String: String] = [:]

    init(_ files: [String], links: [String: String] = [:]) {
        self.files = Set(files)
        self.links = links
        for path in files + links.keys {
            var parent = Substring(path)
            while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
                parent = parent[..<slash]
                folders.insert(String(parent))
            }
        }
    }

    func resolved(_ path: String) -> String {
        var result = ""
        for name in path.split(separator: "/") {
            result += "/" + name
            if let target = links[result] { result = resolved(target) }
        }
        return result.isEmpty ? "/" : result
    }

    var reader: DirectoryReader {
        DirectoryReader(
            names: { folder in
                let prefix = resolved(folder) == "/" ? "/" : resolved(folder) + "/"
                let all = files.union(folders).union(links.keys)
                return Set(
                    all.filter { $0.hasPrefix(prefix) && $0 != prefix }.compactMap {
                        $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
                    }
                ).shuffled()
            },
            kind: { path, followingLinks in
                if !followingLinks, links[path] != nil { return .file }
                let real = resolved(path)
                return files.contains(real) ? .file : folders.contains(real) ? .directory : nil
            },
            resolvedPath: { resolved($0) })
    }
}

@Suite("File globs of hashFiles")
struct FileGlobTests {
    private let tree = Tree([
        "/w/package-lock.json", "/w/a/package-lock.json", "/w/a/b/.hidden", "/w/a.txt", "/w/a/x.txt", "/w/src/main.go",
        "/w/src/sub/util.go", "/w/node_modules/p/package-lock.json", "/w/[x].md", "/home/me/cfg", "/w/B",
        "/w/a-b/y.txt",
    ])

    private func find(_ lines: String..., follow: Bool = false, in other: Tree? = nil) throws -> [String] {
        try FileGlobSet(lines, workspace: "/w", home: "/home/me")
            .files(reader: (other ?? tree).reader, followingLinks: follow)
    }

    @Test("`**` finds files at every depth, folders first where their name comes first in byte order")
    func anyDepth() throws {
        #expect(
            try find("**/package-lock.json") == [
                "/w/a/package-lock.json", "/w/node_modules/p/package-lock.json", "/w/package-lock.json",
            ])
    }

    @Test("A folder brings in all below it, hidden files too")
    func descends() throws {
        #expect(try find("a") == ["/w/a/b/.hidden", "/w/a/package-lock.json", "/w/a/x.txt"])
        #expect(try find("a/") == ["/w/a/b/.hidden", "/w/a/package-lock.json", "/w/a/x.txt"])
        #expect(try find("a.txt/") == [])
    }

    @Test("A later `!` takes out, and a later pattern takes in again")
    func negation() throws {
        #expect(
            try find("**/package-lock.json\n!**/node_modules/**") == ["/w/a/package-lock.json", "/w/package-lock.json"])
        #expect(try find("src", "!src/sub", "src/sub/util.go") == ["/w/src/main.go", "/w/src/sub/util.go"])
        #expect(try find("src\n! ! src/sub") == ["/w/src/main.go", "/w/src/sub/util.go"])
    }

    @Test("Comments and empty lines are no patterns; spaces around are cut off")
    func comments() throws {
        #expect(try find("# all\n\n   a.txt  \n") == ["/w/a.txt"])
        #expect(try find("# only this") == [])
    }

    @Test(
        "Wildcards stay within one segment",
        arguments: [
            ("*.txt", ["/w/a.txt"]), ("?", ["/w/B", "/w/a/b/.hidden", "/w/a/package-lock.json", "/w/a/x.txt"]),
            ("[!A-Z]/?.txt", ["/w/a/x.txt"]), ("[[]x].md", ["/w/[x].md"]), ("\\[x\\].md", ["/w/[x].md"]),
            ("src/**/*.go", ["/w/src/main.go", "/w/src/sub/util.go"]), ("a{.txt,}", []), ("[b-a].txt", []),
            ("a*/*.txt", ["/w/a/x.txt", "/w/a-b/y.txt"]),
        ])
    func wildcards(pattern: String, expected: [String]) throws {
        #expect(try Set(find(pattern)) == Set(expected))
    }

    @Test("What lies outside of the workspace is found by no digest")
    func outside() throws {
        #expect(try find("~/cfg") == [])
        #expect(try find("/home/**") == [])
        #expect(try find("/w/B", "./a.txt") == ["/w/B", "/w/a.txt"])
    }

    @Test("Links are files unless following them was asked for; circles end")
    func links() throws {
        let linked = Tree(
            ["/w/real/f", "/w/g"], links: ["/w/to-folder": "/w/real", "/w/to-file": "/w/g", "/w/real/up": "/w"])
        #expect(try find("**", in: linked) == ["/w/g", "/w/real/f", "/w/to-file"])
        #expect(try find("**", follow: true, in: linked) == ["/w/g", "/w/real/f", "/w/to-file", "/w/to-folder/f"])
    }

    @Test("Relative parts inside of a pattern are refused with the text that GitHub has")
    func refused() {
        let error = #expect(throws: FileGlobError.self) { try FileGlobSet(["a/../b"], workspace: "/w", home: "/h") }
        #expect(error?.diagnostic.message == "Invalid pattern 'a/../b'. Relative pathing '.' and '..' is not allowed.")
        #expect(error?.diagnostic.code == .brokenFileGlob)
        #expect(throws: FileGlobError.self) { try FileGlobSet(["!"], workspace: "/w", home: "/h") }
    }

    @Test("The digest joins the digests of the files; no file gives an empty text")
    func digest() throws {
        let digest = HashFilesDigest(digestOfFile: { Array($0.utf8) }, digestOfBytes: { $0.reversed() })
        #expect(try digest.value(of: ["/a", "/b"]) == "622f612f")
        #expect(try digest.value(of: []) == "")
    }
}
