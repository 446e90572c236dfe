// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Whether a portable program can be made here.
enum PortableTools {
    static let areThere: Bool = {
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/patchelf") { return true }
        FileHandle.standardError.write(Data("NOT RUN: the program for any image, for there is no patchelf\n".utf8))
        return false
    }()
}

/// What is put into pods: it runs in any image.
@Suite("The program for any image", .enabled(if: PortableTools.areThere))
struct PortableProgramTests {
    @Test("An image's own libraries, which its LD_LIBRARY_PATH names, are not its")
    func ownLibraries() throws {
        let sandbox = try Sandbox()
        let folder = sandbox.root + "/martlet"
        let script = Program.repository + "/scripts/portable"
        let made = try sandbox.start([script, Program.path, folder, folder]).end()
        try #require(made.status == 0, "\(made.err)")
        let broken = sandbox.root + "/broken"
        try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: true)
        // What starts them in this test needs the system's own C library.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/lib")
        where !name.hasPrefix("ld-") && !name.hasPrefix("libc.so") {
            try Data().write(to: URL(fileURLWithPath: broken + "/" + name))
        }
        for program in ["martlet", "git"] {
            let ran = try sandbox.start(
                [folder + "/bin/" + program, "--version"], environment: ["LD_LIBRARY_PATH": broken]
            ).end()
            #expect(ran.status == 0, "\(program): \(ran.err)")
        }
    }
}
