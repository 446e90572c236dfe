// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Testing

/// The options that a workflow gives its containers.
@Suite struct OptionTests {
    private func applied(_ options: String, _ environment: [String: String] = [:]) throws -> ContainerConfiguration {
        var container = ContainerConfiguration(image: "a")
        try container.apply(options: options, environment: environment)
        return container
    }

    private func failure(_ options: String) -> Diagnostic? {
        #expect(throws: DiagnosticError.self) { try applied(options) }?.diagnostic
    }

    /// From GitHub's guide on service containers.
    @Test func theOptionsOfADatabaseServiceAreUnderstood() throws {
        let container = try applied(
            """
            --health-cmd "pg_isready -U me" --health-interval 10s --health-timeout 5s --health-retries 5
            --health-start-period=1m30s
            """)
        let check = try #require(container.healthCheck)
        #expect(check.test == ["CMD-SHELL", "pg_isready -U me"] && check.retries == 5)
        #expect(check.interval == .seconds(10) && check.timeout == .seconds(5) && check.startPeriod == .seconds(90))
    }

    @Test func whatAContainerMayUseIsUnderstood() throws {
        let container = try applied(
            "--cpus 1.5 -m 512m --memory-swap -1 --shm-size=1.5gb --ulimit nofile=1024:2048 --ulimit core=0 --pids-limit 50"
        )
        let limits = container.limits
        #expect(limits.nanoCPUs == 1_500_000_000 && limits.memoryBytes == 512 << 20 && limits.memorySwapBytes == -1)
        #expect(limits.sharedMemoryBytes == 1536 << 20 && limits.processCount == 50)
        let core = Ulimit(name: "core", soft: 0, hard: 0)
        #expect(limits.ulimits == [Ulimit(name: "nofile", soft: 1024, hard: 2048), core])
    }

    @Test func whatAContainerIsAndMayDoIsUnderstood() throws {
        let container = try applied(
            "--user 1001:1001 --hostname here -e A=1 -eB=2 -e=C=3 --env D --env E --label one -l two=2=2 --workdir /w"
                + " --entrypoint /bin/sh -it --init --rm --privileged=false --cap-add SYS_ADMIN --cap-drop=ALL"
                + " --security-opt seccomp=unconfined --device /dev/fuse --device=/dev/a:/dev/b:r --read-only"
                + " --platform linux/arm64 --tmpfs /t:size=1m --tmpfs /u --gpus all --sysctl a.b=1",
            ["D": "4"])
        #expect(container.user == "1001:1001" && container.hostname == "here" && container.workingDirectory == "/w")
        #expect(container.environment == ["A=1", "B=2", "C=3", "D=4"])
        #expect(container.labels == ["one": "", "two": "2=2"] && container.entrypoint == ["/bin/sh"])
        #expect(container.hasTerminal && container.keepsInputOpen && container.usesInit == true)
        let privileges = container.privileges
        #expect(!privileges.isPrivileged && privileges.isRootReadOnly && privileges.gpuCount == -1)
        #expect(privileges.addedCapabilities == ["SYS_ADMIN"] && privileges.droppedCapabilities == ["ALL"])
        #expect(privileges.securityOptions == ["seccomp=unconfined"] && privileges.kernelSettings == ["a.b": "1"])
        let fuse = DeviceMapping(source: "/dev/fuse", target: "/dev/fuse")
        #expect(privileges.devices == [fuse, DeviceMapping(source: "/dev/a", target: "/dev/b", permissions: "r")])
        #expect(container.platform == "linux/arm64" && container.tmpfs == ["/t": "size=1m", "/u": ""])
    }

    @Test func filesNetworksAndPortsAreUnderstood() throws {
        let container = try applied(
            "-v /a:/b:ro --volume data:/c -v /d --network-alias web -p 8080:80 --publish 53/udp --add-host db:10.0.0.1"
                + " --mount type=bind,source=/x,target=/y,readonly --dns 10.0.0.2")
        #expect(container.volumes.map(\.description) == ["/a:/b:ro", "data:/c", "/d"])
        #expect(container.volumes[0].isReadOnly && container.volumes[0].isBind && !container.volumes[1].isBind)
        #expect(container.network.aliases == ["web"] && container.network.extraHosts == ["db:10.0.0.1"])
        #expect(container.ports.map(\.key) == ["80/tcp", "53/udp"] && container.ports[0].hostPort == 8080)
        #expect(container.mounts.first?.isReadOnly == true && container.network.dnsServers == ["10.0.0.2"])
    }

    @Test(arguments: [
        (#"--label a="b c""#, "b c"), (#"--label 'a=b c'"#, "b c"), (#"--label a=b\ c"#, "b c"),
        (#"--label "a=\"b\"""#, #""b""#),
        (#"--label a='$x\'"#, #"$x\"#), (#"--label a="\n""#, #"\n"#), ("--label a=''", ""), ("  --label\n  a=b  ", "b"),
    ])
    func wordsAreSplitAsAShellDoes(options: String, value: String) throws {
        #expect(try applied(options).labels == ["a": value])
    }

    @Test func anUnknownOptionIsNamedAndTheNearestIsGuessed() {
        let found = failure("--healthcmd true")
        #expect(found?.code == .containerOptionUnknown && found?.message.contains("--healthcmd") == true)
        #expect(found?.remedy == "Did you mean --health-cmd?")
        #expect(failure("-Z")?.code == .containerOptionUnknown)
        #expect(failure("-itZ")?.message.contains("-Z") == true)
    }

    @Test(arguments: ["--network host", "--net=host", "--name mine", "--env-file /etc/passwd", "--ip 10.0.0.1"])
    func whatMartletDecidesIsNotTaken(options: String) {
        #expect(failure(options)?.code == .containerOptionRefused)
    }

    @Test(arguments: [
        "--memory lots", "--memory 5x", "--memory", "--cpus 0", "--health-interval 10", "--health-retries few",
        "--init=maybe",
        "--ulimit nofile", "--device fuse", "--label =x", "--add-host db", "loose", "--label 'a", "--label a\\",
        "--mount type=bind,target=/a", "--mount type=disk,target=/a", "--mount target=a", "--memory 99999999999g",
    ])
    func anUnsuitableValueIsToldWithItsOption(options: String) {
        #expect(failure(options)?.code == .containerOptionInvalid)
    }

    @Test(arguments: ["", "a", "a:b", "/a:b", "../a:/b", "a:/b:zz", "/a:/b:ro:x", "x:/b", "/a:/"])
    func aVolumeThatCannotBeReadIsCoded(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try VolumeMount(text) }
        #expect(error?.diagnostic.code == .volumeSyntaxInvalid)
    }

    @Test func portsAreReadInAllTheirForms() throws {
        func read(_ text: String) throws -> [String] {
            try PortMapping.parse(text).map { "\($0.hostAddress)|\($0.hostPort.map(String.init) ?? "")|\($0.key)" }
        }
        #expect(try read("80") == ["||80/tcp"])
        #expect(try read("8080:80/UDP") == ["|8080|80/udp"])
        #expect(try read("127.0.0.1:8080:80") == ["127.0.0.1|8080|80/tcp"])
        #expect(try read("127.0.0.1::80") == ["127.0.0.1||80/tcp"])
        #expect(try read("[::1]:8080:80") == ["::1|8080|80/tcp"])
        #expect(try read("3000-3001:4000-4001") == ["|3000|4000/tcp", "|3001|4001/tcp"])
    }

    @Test(arguments: [
        "", "0", "65536", "a", "80/icmp", "1:2:3:4", "1-3:1-2", "5-3", "[::1]", "[::1:80", "1-2000", "80/tcp/x",
    ])
    func aPortThatCannotBeReadIsCoded(text: String) {
        let error = #expect(throws: DiagnosticError.self) { try PortMapping.parse(text) }
        #expect(error?.diagnostic.code == .portSyntaxInvalid)
    }

    @Test func anImagesNameIsTakenApart() {
        #expect(ImageReference("debian").description == "debian:latest")
        let local = ImageReference("localhost:5000/a/b")
        #expect(local.name == "localhost:5000/a/b" && local.version == "latest")
        #expect(ImageReference("localhost:5000/a:1").version == "1")
        #expect(ImageReference("a:1@sha256:0f").description == "a@sha256:0f")
    }

    @Test func anEngineIsLookedForWhereItMayBe() throws {
        let usual = try EngineSearch(environment: ["HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/7"])
        #expect(
            usual.candidates.map(\.path) == [
                "/var/run/docker.sock", "/run/user/7/podman/podman.sock", "/run/user/7/docker.sock",
                "/home/me/.docker/run/docker.sock", "/run/podman/podman.sock",
            ])
        let named = try EngineSearch(environment: ["DOCKER_HOST": "unix:///a", "MARTLET_ENGINE": "/none/such.sock"])
        #expect(named.candidates.map(\.path) == ["/none/such.sock"])
        let error = #expect(throws: DiagnosticError.self) { try named.find() }
        #expect(error?.diagnostic.code == .engineNotFound)
        #expect(error?.diagnostic.message.contains("/none/such.sock (MARTLET_ENGINE): nothing is there") == true)
        let remote = #expect(throws: DiagnosticError.self) { try EngineSearch(environment: ["DOCKER_HOST": "ssh://a"]) }
        #expect(remote?.diagnostic.code == .engineAddressUnsupported)
    }
}
