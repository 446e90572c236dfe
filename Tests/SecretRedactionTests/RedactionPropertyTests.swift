// SPDX-License-Identifier: Apache-2.0

import Foundation
import SecretRedaction
import Testing

private struct MaskingSeed: Decodable {
    var id: String
    var inputBase64: String
    var splitAt: Int
    var secretsBase64: [String]

    enum CodingKeys: String, CodingKey {
        case id
        case inputBase64 = "input_base64"
        case splitAt = "split_at"
        case secretsBase64 = "secrets_base64"
    }
}

/// A small generator with a seed, so that a failure can be played again.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Redaction, properties")
struct RedactionPropertyTests {
    @Test("No secret of four bytes or more survives, whatever the cut: public seeds")
    func publicSeeds() throws {
        guard let folder = conformanceFolder() else { return }
        let data = try Data(contentsOf: folder.appending(path: "log-masking/seeds.json"))
        let seeds = try JSONDecoder().decode([MaskingSeed].self, from: data)
        #expect(!seeds.isEmpty)
        for seed in seeds {
            let input = [UInt8](Data(base64Encoded: seed.inputBase64) ?? Data())
            let secrets = seed.secretsBase64.map { [UInt8](Data(base64Encoded: $0) ?? Data()) }
            let redactor = try SecretRedactor(secrets: secrets.map { Secret(name: "s", value: $0) })
            for cut in 0...input.count {
                let output = redacted(redactor, [Array(input[..<cut]), Array(input[cut...])])
                for secret in secrets where secret.count >= 4 { #expect(!contains(output, secret), "\(seed.id)") }
            }
        }
    }

    @Test("The output is the same for every cut, and equals the plain rule: all that a needle covers is left out")
    func randomCuts() throws {
        var random = Seeded(state: 7)
        for round in 0..<500 {
            let letters = Array([UInt8]("ab*\n".utf8).prefix(Int.random(in: 2...4, using: &random)))
            func text(_ range: ClosedRange<Int>) -> [UInt8] {
                (0..<Int.random(in: range, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0 }
            }
            let secrets = (0..<Int.random(in: 1...4, using: &random)).map { _ in text(4...7) }
            let redactor = try SecretRedactor(secrets: secrets.map { Secret(name: "s", value: $0) })
            let input = text(0...60)
            let whole = redacted(redactor, [input])
            var pieces: [[UInt8]] = []
            var rest = input[...]
            while !rest.isEmpty {
                let length = Int.random(in: 1...9, using: &random)
                pieces.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            #expect(redacted(redactor, pieces) == whole, "round \(round)")
            for secret in secrets { #expect(!contains(whole, secret), "round \(round)") }
        }
    }

    @Test("Idle releases at any moment never let a whole secret out")
    func randomIdle() throws {
        var random = Seeded(state: 11)
        for round in 0..<500 {
            func text(_ range: ClosedRange<Int>) -> [UInt8] {
                (0..<Int.random(in: range, using: &random)).map { _ in Bool.random(using: &random) ? 97 : 98 }
            }
            let secrets = (0..<3).map { _ in text(4...9) }
            var redactor = try SecretRedactor(secrets: secrets.map { Secret(name: "s", value: $0) })
            var output: [UInt8] = []
            for _ in 0..<12 {
                redactor.redact(text(0...5), into: &output)
                if Bool.random(using: &random) { redactor.releaseIdle(into: &output) }
            }
            redactor.finish(into: &output)
            for secret in secrets { #expect(!contains(output, secret), "round \(round)") }
        }
    }
}

/// `$MARTLET_CONFORMANCE`, or `../shared/conformance` beside the repository.
private func conformanceFolder() -> URL? {
    var root = URL(filePath: #filePath).resolvingSymlinksInPath()
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let environment = ProcessInfo.processInfo.environment["MARTLET_CONFORMANCE"]
    let candidates = [environment.map { URL(filePath: $0) }, root.appending(path: "../shared/conformance")].compactMap(
        \.self)
    if let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) { return found }
    FileHandle.standardError.write(Data("The conformance cases are absent: \(candidates.map(\.path))\n".utf8))
    return nil
}
