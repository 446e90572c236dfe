// SPDX-License-Identifier: Apache-2.0

/// Where content is cut, so that an insertion changes the chunks around it only.
///
/// FastCDC with normalised chunking: W. Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach
/// for Data Deduplication", USENIX ATC 2016. A gear hash rolls over the bytes; before the average size a cut needs
/// two more zero bits than after it, which gathers the sizes around the average.
struct ChunkCutting: Sendable {
    let minimum: Int
    let average: Int
    let maximum: Int
    private let strictMask: UInt64
    private let easyMask: UInt64

    /// - Parameter averageBits: the average is 2 to the power of this; the minimum a quarter, the maximum four times it.
    private init(averageBits: Int) {
        average = 1 << averageBits
        minimum = average / 4
        maximum = average * 4
        // The hash's high bits depend on the last 64 bytes, its low ones on the last few only.
        strictMask = ~0 << UInt64(64 - (averageBits + 2))
        easyMask = ~0 << UInt64(64 - (averageBits - 2))
    }

    static let files = ChunkCutting(averageBits: 16)
    /// Descriptions of trees: a change here and there should not store much of them anew.
    static let manifests = ChunkCutting(averageBits: 12)

    /// No chunk crosses a multiple of this, so that the parts of a large file can be cut by several threads.
    static let segmentBytes = 64 << 20

    /// The length of the first chunk of `bytes`, which are all that is left, or at least ``maximum``.
    func first(of bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count > minimum, let start = bytes.baseAddress else { return bytes.count }
        let end = min(bytes.count, maximum)
        let middle = min(average, end)
        return Self.gear.withUnsafeBufferPointer { gear in
            guard let gear = gear.baseAddress else { return end }
            var hash: UInt64 = 0
            var index = minimum
            while index < middle {
                hash = (hash << 1) &+ gear[Int(start.load(fromByteOffset: index, as: UInt8.self))]
                index &+= 1
                if hash & strictMask == 0 { return index }
            }
            while index < end {
                hash = (hash << 1) &+ gear[Int(start.load(fromByteOffset: index, as: UInt8.self))]
                index &+= 1
                if hash & easyMask == 0 { return index }
            }
            return end
        }
    }

    /// Any 256 random numbers do; these are for ever, as other ones would cut everything elsewhere (SplitMix64).
    private static let gear: [UInt64] = {
        var state: UInt64 = 0x4D61_7274_6C65_7421
        return (0..<256).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }()
}
