// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import RunCoordination

/// What steps run in.
struct SandboxOptions: ParsableArguments {
    enum Executor: String, ExpressibleByArgument, CaseIterable {
        case host
        case sandbox
    }

    @Option(
        help: """
            What steps run in: 'host', or 'sandbox' for code that is not yours: the system read-only, nothing of your home, \
            no network, limits.
            """)
    var executor: Executor = .host

    @Flag(help: "In the sandbox: let steps reach the network.")
    var network = false

    @Option(help: ArgumentHelp("In the sandbox: memory of a step, such as 512M or 4G.", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("In the sandbox: processes of a step at the same time.", valueName: "count"))
    var processes: Int?

    private static let smallestMemoryBytes = 16 << 20

    func validate() throws {
        guard executor == .sandbox || (!network && memory == nil && processes == nil) else {
            throw ValidationError("--network, --memory and --processes go with --executor sandbox.")
        }
        if let memory, Self.bytes(memory) == nil {
            throw ValidationError("'\(memory)' is no size: write 512M or 4G, at least 16M.")
        }
        if let processes, processes < 1 { throw ValidationError("--processes is at least 1.") }
    }

    /// `nil` for the host.
    var settings: SandboxSettings? {
        guard executor == .sandbox else { return nil }
        var settings = SandboxSettings()
        settings.allowsNetwork = network
        if let bytes = memory.flatMap(Self.bytes) { settings.memoryBytes = bytes }
        if let processes { settings.processes = processes }
        return settings
    }

    private static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        guard let last = text.last, let shift = units[Character(last.uppercased())], let number = Int(text.dropLast()),
            number > 0, number < 1 << 20
        else { return nil }
        let bytes = number << shift
        return bytes >= smallestMemoryBytes ? bytes : nil
    }
}
