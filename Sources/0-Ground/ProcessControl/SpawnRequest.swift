// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
internal import Diagnostics

/// What a supervisor needs to start one attempt.
package struct SpawnRequest: Sendable {
    /// Names the attempt: 1 … 128 bytes without blanks or control characters, used once in the life of the receipts.
    package var key: String
    /// A path, or a name that is looked up in `PATH` of `environment`.
    package var program: String
    /// With the program's own name first (`argv[0]`).
    package var arguments: [String]
    /// `NAME=value` each. The markers of the run and the step are added by ``JobSupervisor``.
    package var environment: [String]
    /// An absolute path.
    package var workingDirectory: String
    /// Descriptors of the caller, which may close them as soon as `spawn` has returned.
    package var streams = Streams()
    package var limits: [ResourceLimit] = []
    /// The umask, or `nil` for the caller's.
    package var fileMask: UInt16?
    /// Directories of cgroups (v1 or v2) to put the process into.
    package var cgroups: [String] = []
    /// No other attempt is in these cgroups, so that killing its tree may kill them whole.
    package var ownsCgroups = false
    /// Sends ``SupervisorMessage/started(_:)``. Costs a wake-up of the event loop.
    package var reportsStart = false

    package init(
        key: String, program: String, arguments: [String], environment: [String], workingDirectory: String
    ) {
        self.key = key
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Where the standard streams lead: `nil` is `/dev/null`, for errors it is where the output goes.
    package struct Streams: Sendable {
        package var input: Int32?
        package var output: Int32?
        package var errors: Int32?
        /// `input` is a terminal that becomes the controlling one of the new session.
        package var isTerminal = false

        package init(input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil, isTerminal: Bool = false) {
            self.input = input
            self.output = output
            self.errors = errors
            self.isTerminal = isTerminal
        }
    }

    /// One `setrlimit`.
    package struct ResourceLimit: Hashable, Sendable {
        /// `RLIMIT_…` as the system numbers it.
        package var resource: Int32
        /// `nil` is no limit.
        package var soft: UInt64?
        package var hard: UInt64?

        package init(resource: Int32, soft: UInt64?, hard: UInt64?) {
            self.resource = resource
            self.soft = soft
            self.hard = hard
        }
    }
}

/// A request as it goes over the socket.
struct EncodedRequest {
    var header = pc_request()
    var payload: [UInt8] = []
    var descriptors: [Int32] = []

    /// - Throws: ``DiagnosticCode/spawnRequestInvalid``.
    init(spawn request: SpawnRequest, markers: [String]) throws(DiagnosticError) {
        header.kind = PC_REQUEST_SPAWN.rawValue
        header.file_mask = request.fileMask.map { Int32($0) } ?? -1
        encode(request.streams)
        if request.reportsStart { header.flags |= PC_FLAG_REPORT_START.rawValue }
        if request.ownsCgroups { header.flags |= PC_FLAG_OWN_CGROUPS.rawValue }
        try encode(request.limits)
        guard request.cgroups.count <= Int(PC_CGROUP_COUNT) else {
            throw Self.invalid("A process can be put into at most \(PC_CGROUP_COUNT) cgroups.")
        }
        try Self.check(key: request.key)
        guard !request.arguments.isEmpty, request.workingDirectory.utf8.first == UInt8(ascii: "/") else {
            throw Self.invalid("A process needs a name and an absolute working directory.")
        }
        var texts = 3
        payload.reserveCapacity(8192)
        append(request.key)
        append(request.workingDirectory)
        append(request.program)
        for path in request.cgroups { append(path) }
        for argument in request.arguments { append(argument) }
        let names = markers.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "=") }) + [UInt8(ascii: "=")] }
        for variable in request.environment where !names.contains(where: { variable.utf8.starts(with: $0) }) {
            append(variable)
            header.environment_count += 1
        }
        for marker in markers { append(marker) }
        header.environment_count += UInt32(markers.count)
        header.argument_count = UInt32(clamping: request.arguments.count)
        header.cgroup_count = UInt32(request.cgroups.count)
        texts += request.cgroups.count + request.arguments.count + Int(header.environment_count)
        try finish(texts: texts)
    }

    /// A request that has only a key, or nothing.
    init(kind: pc_request_kind, key: String = "") {
        header.kind = kind.rawValue
        append(key)
        header.payload_size = UInt32(payload.count)
    }

    private mutating func encode(_ streams: SpawnRequest.Streams) {
        if let input = streams.input {
            descriptors.append(input)
            header.flags |= PC_FLAG_INPUT.rawValue
        }
        if let output = streams.output {
            descriptors.append(output)
            header.flags |= PC_FLAG_OUTPUT.rawValue
        }
        if let errors = streams.errors {
            descriptors.append(errors)
            header.flags |= PC_FLAG_ERROR.rawValue
        }
        if streams.isTerminal { header.flags |= PC_FLAG_TERMINAL.rawValue }
    }

    private mutating func encode(_ limits: [SpawnRequest.ResourceLimit]) throws(DiagnosticError) {
        guard limits.count <= Int(PC_LIMIT_COUNT) else {
            throw Self.invalid("A process can be given at most \(PC_LIMIT_COUNT) resource limits.")
        }
        header.limit_count = UInt32(limits.count)
        withUnsafeMutableBytes(of: &header.limits) { space in
            let slots = space.bindMemory(to: pc_limit.self)
            for (index, limit) in limits.enumerated() {
                slots[index] = pc_limit(
                    resource: limit.resource, reserved: 0, soft: limit.soft ?? .max, hard: limit.hard ?? .max)
            }
        }
    }

    private mutating func append(_ text: String) {
        payload.append(contentsOf: text.utf8)
        payload.append(0)
    }

    private mutating func finish(texts: Int) throws(DiagnosticError) {
        guard payload.count <= Int(PC_REQUEST_LIMIT) else {
            throw Self.invalid(
                "Arguments and environment of a process take \(payload.count) bytes; "
                    + "at most \(PC_REQUEST_LIMIT) can be passed on.")
        }
        let zeroes = payload.withUnsafeBufferPointer { bytes in bytes.reduce(into: 0) { $0 += $1 == 0 ? 1 : 0 } }
        guard zeroes == texts else {
            throw Self.invalid("An argument or a variable holds a NUL byte, which no process can be given.")
        }
        header.payload_size = UInt32(payload.count)
    }

    static func check(key: String) throws(DiagnosticError) {
        let length = key.utf8.count
        guard (1...Int(PC_KEY_LIMIT)).contains(length), key.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw invalid("An attempt's key has 1 to \(PC_KEY_LIMIT) bytes without blanks or control characters.")
        }
    }

    private static func invalid(_ message: String) -> DiagnosticError {
        DiagnosticError(.spawnRequestInvalid, message)
    }
}
