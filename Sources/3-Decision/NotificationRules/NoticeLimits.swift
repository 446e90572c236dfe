// SPDX-License-Identifier: Apache-2.0

/// How much is kept of what was told, and how much one notice holds.
package enum NoticeLimits {
    /// UTF-8 bytes of a sentence; longer ones are cut.
    package static let sentenceBytes = 1_000
    /// UTF-8 bytes of a name or an address; longer ones are cut.
    package static let nameBytes = 256
    /// UTF-8 bytes of a link; a longer one is left out.
    package static let linkBytes = 1_024
    /// UTF-8 bytes of a mail address (RFC 5321, 4.5.3.1); whoever has a longer one is left out.
    package static let mailBytes = 320
    /// UTF-8 bytes of a sentence or a title in a digest.
    package static let digestSentenceBytes = 200
    /// People of a list in one run's news.
    package static let owners = 20
    /// Branches that one digest tells of; the rest is counted.
    package static let digestItems = 20
    /// Keys of notices that are remembered, so that none is sent twice. The oldest are forgotten.
    package static let rememberedKeys = 8_192
    /// Who was told that something broke, so that they hear that it was fixed. The oldest are forgotten.
    package static let rememberedTold = 4_096
    /// Notices that wait for their time. Past it a new one is not planned.
    package static let pending = 4_096
    package static let policies = 200
    /// Patterns of one list of a policy.
    package static let patterns = 100
    /// Routes of one policy.
    package static let routes = 50
}

extension String {
    /// At most `limit` bytes of UTF-8, cut between characters and then ended with `…`.
    package func cut(_ limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var size = 0
        var end = startIndex
        for index in indices {
            size += self[index].utf8.count
            if size > limit - 3 { break }
            end = self.index(after: index)
        }
        return String(self[..<end]) + "…"
    }
}
