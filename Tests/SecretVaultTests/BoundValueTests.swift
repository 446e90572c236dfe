// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import TestFolders
import Testing
import Timekeeping

@testable import SecretVault

@Suite("A sealed value", .ownFolders)
struct BoundValueTests {
    @Test("It opens at its place, under its name and version, in its vault, and nowhere else")
    func bound() throws {
        let ring = KeyRing()
        let file = PlaceFile(place: .environment(project: "a", name: "b"))
        let box = try file.sealedValue(Array("v".utf8), name: "N", version: 3, ring: ring)
        func opens(_ place: SecretPlace, _ name: String, _ version: Int, _ ring: KeyRing) -> Bool {
            let entry = PlaceFile.Entry(name: name, version: version, updated: Timestamp(milliseconds: 0), box: box)
            return code {
                _ = try PlaceFile(place: place).value(of: entry, keyID: ring.current.id, ring: ring, path: "x")
            } == nil
        }
        #expect(opens(.environment(project: "a", name: "B"), "N", 3, ring))
        #expect(!opens(.environment(project: "a", name: "c"), "N", 3, ring))
        #expect(!opens(.environment(project: "ab", name: ""), "N", 3, ring))
        #expect(!opens(.project("a"), "N", 3, ring))
        #expect(!opens(.server, "N", 3, ring))
        #expect(!opens(file.place, "M", 3, ring))
        #expect(!opens(file.place, "N", 4, ring))
        var other = ring
        other.vaultID = "another"
        #expect(!opens(file.place, "N", 3, other))
    }
}
