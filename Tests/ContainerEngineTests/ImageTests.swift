// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Foundation
import Glibc
import Testing

extension AgainstDocker {
    @Suite struct Images {
        @Test func anImageIsInspectedTaggedAndRemoved() throws {
            let engine = try Bench().engine
            let image = try engine.inspectImage(DockerDaemon.image)
            #expect(image.command == ["sh"] && image.workingDirectory == "/work" && image.operatingSystem == "linux")
            #expect(image.environment.contains("ORIGIN=image") && image.sizeBytes > 1 << 19 && !image.hasHealthCheck)
            try engine.tagImage(image.id, as: ImageReference("martlet-test/other:1"))
            #expect(try engine.inspectImage("martlet-test/other:1").id == image.id)
            try engine.removeImage("martlet-test/other:1")
            let error = #expect(throws: DiagnosticError.self) { try engine.inspectImage("martlet-test/other:1") }
            #expect(error?.diagnostic.code == .engineObjectMissing)
        }

        @Test func anImageThatCannotBePulledIsToldInTheEnginesWords() throws {
            let engine = try Bench().engine
            let credentials = RegistryCredentials(username: "a", password: "b", server: "127.0.0.1:1")
            let error = #expect(throws: DiagnosticError.self) {
                try engine.pullImage(
                    ImageReference("127.0.0.1:1/none:1"), platform: "linux/amd64", credentials: credentials)
            }
            #expect(error?.diagnostic.code == .imageNotPulled)
            #expect(error?.diagnostic.message.contains("127.0.0.1:1") == true)
        }

        @Test func anImageIsBuiltFromAContext() throws {
            try Bench.with { bench in
                var tar = TarArchive()
                tar.add(
                    file: "ci/Containerfile",
                    """
                    FROM \(DockerDaemon.image) AS first
                    ARG COLOUR=none
                    COPY greeting /greeting
                    RUN echo $COLOUR > /colour
                    FROM first AS second
                    RUN exit 9
                    """)
                tar.add(file: "greeting", "hello\n")
                var build = ImageBuild()
                build.tags = ["martlet-test/built:1"]
                build.dockerfile = "ci/Containerfile"
                build.arguments = ["COLOUR": "red & blue"]
                build.labels = bench.labels
                build.target = "first"
                build.network = "none"
                var printed = ""
                let id = try bench.engine.buildImage(build, context: Pieces(tar.finished, size: 700).next) {
                    printed += $0.text
                }
                defer { try? bench.engine.removeImage(id, force: true) }
                #expect(printed.contains("COPY greeting /greeting"))
                let image = try bench.engine.inspectImage("martlet-test/built:1")
                #expect(image.id == id && image.labels["test"] == bench.labels["test"])
                var configuration = bench.configuration("cat", "/colour", "/greeting")
                configuration.image = id
                let container = try bench.start(configuration)
                #expect(try bench.engine.waitForContainer(container) == 0)
                #expect(try bench.logs(container).output == "red & blue\nhello\n")

                build.target = nil
                let error = #expect(throws: DiagnosticError.self) {
                    try bench.engine.buildImage(build, context: Pieces(tar.finished).next)
                }
                #expect(error?.diagnostic.code == .imageNotBuilt)
                #expect(error?.diagnostic.message.contains("non-zero code: 9") == true)
            }
        }

        @Test func aContextWithoutItsDockerfileIsNotBuilt() throws {
            let error = #expect(throws: DiagnosticError.self) {
                let bench = try Bench()
                return try bench.engine.buildImage(ImageBuild(), context: Pieces(TarArchive().finished).next)
            }
            #expect(error?.diagnostic.code == .imageNotBuilt)
        }
    }

    @Suite struct Networks {
        @Test func containersOfANetworkFindEachOtherByAlias() throws {
            try Bench.with { bench in
                let network = try bench.engine.createNetwork("net-\(UUID().uuidString)", labels: bench.labels)
                var server = bench.configuration("sh", "-c", "echo served > /tmp/index.html; httpd -f -p 80 -h /tmp")
                server.network.mode = network
                server.network.aliases = ["web"]
                server.ports = [PortMapping(containerPort: 80)]
                let serverID = try bench.start(server)
                var client = bench.configuration("sleep", "1000")
                client.network.mode = network
                let clientID = try bench.start(client)
                #expect(
                    try bench.eventually { try bench.output(clientID, "wget", "-qO-", "http://web/") == "served\n" })
                let report = try bench.engine.inspectContainer(serverID)
                let attachment = try #require(report.networks.values.first)
                #expect(attachment.address.hasPrefix("10.213.") && attachment.aliases.contains("web"))
                let port = try #require(report.hostPorts(of: "80/tcp").first)
                #expect(port > 1024)
                let members = try bench.engine.inspectNetwork(network)
                #expect(members.containers.keys.contains(serverID) && members.containers.keys.contains(clientID))
                #expect(members.subnets.first?.hasPrefix("10.213.") == true && members.driver == "bridge")
                // Through the engine's proxy: there are no rules of a firewall here.
                #expect(Self.isListening(port))
            }
        }

        private static func isListening(_ port: Int) -> Bool {
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(connection) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }

        @Test func aContainerJoinsANetworkLaterAndLeavesIt() throws {
            try Bench.with { bench in
                let first = try bench.engine.createNetwork("net-\(UUID().uuidString)", labels: bench.labels)
                let second = try bench.engine.createNetwork(
                    "net-\(UUID().uuidString)", labels: bench.labels, isInternal: true)
                var configuration = bench.configuration("sleep", "1000")
                configuration.network.mode = first
                let id = try bench.start(configuration)
                try bench.engine.connect(id, to: second, aliases: ["late"])
                let joined = try bench.engine.inspectContainer(id).networks
                #expect(joined.count == 2 && joined.values.contains { $0.aliases.contains("late") })
                let busy = #expect(throws: DiagnosticError.self) { try bench.engine.removeNetwork(second) }
                #expect(busy?.diagnostic.code == .engineRefused || busy?.diagnostic.code == .engineConflict)
                try bench.engine.disconnect(id, from: second, force: true)
                #expect(try bench.engine.inspectContainer(id).networks.count == 1)
                try bench.engine.removeNetwork(second)
                let gone = #expect(throws: DiagnosticError.self) { try bench.engine.inspectNetwork(second) }
                #expect(gone?.diagnostic.code == .engineObjectMissing)
            }
        }
    }

    @Suite struct Sweeps {
        @Test func whatIsInAVolumeStaysBetweenContainers() throws {
            try Bench.with { bench in
                let volume = try bench.engine.createVolume("vol-\(UUID().uuidString)", labels: bench.labels)
                var writer = bench.configuration("sh", "-c", "echo kept > /data/file")
                writer.volumes = [VolumeMount(source: volume.name, target: "/data")]
                #expect(try bench.engine.waitForContainer(try bench.start(writer)) == 0)
                var reader = bench.configuration("cat", "/data/file")
                reader.volumes = [try VolumeMount("\(volume.name):/data:ro")]
                let id = try bench.start(reader)
                #expect(try bench.engine.waitForContainer(id) == 0)
                #expect(try bench.logs(id).output == "kept\n")
            }
        }

        @Test func aSweepRemovesWhatBearsTheLabelAndNothingElse() throws {
            try Bench.with { bench in
                try Bench.with { other in
                    let kept = try other.idle()
                    let network = try bench.engine.createNetwork("net-\(UUID().uuidString)", labels: bench.labels)
                    let volume = try bench.engine.createVolume("vol-\(UUID().uuidString)", labels: bench.labels)
                    var configuration = bench.configuration("sleep", "1000")
                    configuration.network.mode = network
                    configuration.volumes = [VolumeMount(source: volume.name, target: "/data")]
                    let ids = [
                        try bench.start(configuration),
                        try bench.engine.createContainer(bench.configuration("true")).id,
                    ]
                    #expect(Set(try bench.engine.listContainers(labels: [bench.label]).map(\.id)) == Set(ids))
                    let report = try bench.engine.sweep(label: bench.label)
                    #expect(Set(report.containers) == Set(ids) && report.networks.count == 1)
                    #expect(report.volumes == [volume.name] && report.failures.isEmpty, "\(report.failures)")
                    #expect(try bench.engine.listContainers(labels: [bench.label]).isEmpty)
                    #expect(try bench.engine.listNetworks(labels: [bench.label]).isEmpty)
                    #expect(try bench.engine.listVolumes(labels: [bench.label]).isEmpty)
                    #expect(try bench.engine.inspectContainer(kept).isRunning)
                    let again = try bench.engine.sweep(label: bench.label)
                    #expect(again.containers.isEmpty && again.failures.isEmpty)
                }
            }
        }

        @Test func whatCannotBeRemovedIsToldAndTheRestIsRemoved() throws {
            try Bench.with { bench in
                try Bench.with { other in
                    let network = try bench.engine.createNetwork("net-\(UUID().uuidString)", labels: bench.labels)
                    var foreign = other.configuration("sleep", "1000")
                    foreign.network.mode = network
                    _ = try other.start(foreign)
                    let volume = try bench.engine.createVolume(labels: bench.labels)
                    let report = try bench.engine.sweep(label: bench.label)
                    #expect(report.networks.isEmpty && report.failures.count == 1 && report.volumes == [volume.name])
                }
            }
        }
    }
}
