// SPDX-License-Identifier: Apache-2.0

import ClusterAccess
import Diagnostics
import FileAccess
import TestFolders
import Testing

@Suite("Where a cluster is, by kubectl's file or a pod's own", .ownFolders)
struct KubeconfigTests {
    private static let text = """
        apiVersion: v1
        kind: Config
        clusters:
          - name: east
            cluster: {server: https://10.0.0.1:6443/, certificate-authority-data: YWJj}
          - name: open
            cluster: {server: http://localhost:8080, insecure-skip-tls-verify: true}
        users:
          - name: file
            user: {tokenFile: token, token: older}
          - name: certificate
            user: {client-certificate: c.pem, client-key-data: a2V5}
          - name: exec
            user:
              exec:
                apiVersion: client.authentication.k8s.io/v1beta1
                command: ./login
                args: [--for, ci]
                env: [{name: REGION, value: east}]
              as: eve
              as-groups: [a]
          - name: old
            user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}
        contexts:
          - {name: file, context: {cluster: east, user: file, namespace: ci}}
          - {name: certificate, context: {cluster: east, user: certificate}}
          - {name: exec, context: {cluster: open, user: exec}}
          - {name: old, context: {cluster: open, user: old}}
          - {name: astray, context: {cluster: esat, user: file}}
        current-context: file
        """

    private func write() throws -> String {
        let folder = try OwnFolders.make()
        try Files.write(Self.text.utf8, to: folder + "/config")
        try Files.write("certificate".utf8, to: folder + "/c.pem")
        return folder
    }

    @Test("A context names a cluster, whom to trust there, a user and a namespace; files are relative to it")
    func contexts() throws {
        let folder = try write()
        let file = try Kubeconfig(path: folder + "/config")
        let current = try file.configuration()
        #expect(current.server == "https://10.0.0.1:6443")
        #expect(current.identity.authorities == Array("abc".utf8))
        #expect(current.credential == .tokenFile(folder + "/token"))
        #expect(current.namespace == "ci")
        let certificate = try file.configuration(context: "certificate")
        #expect(certificate.identity.certificate == Array("certificate".utf8))
        #expect(certificate.identity.key == Array("key".utf8))
        let exec = try file.configuration(context: "exec")
        var program = CredentialProgram(command: folder + "/./login", version: "client.authentication.k8s.io/v1beta1")
        program.arguments = ["--for", "ci"]
        program.environment = ["REGION": "east"]
        #expect(exec.credential == .program(program))
        #expect(!exec.identity.verifies)
        #expect(exec.impersonation.user == "eve")
    }

    @Test(
        "What is wrong with it is said, with the nearest name",
        arguments: [("astray", "east"), ("fiel", "file"), ("old", "v1beta1")])
    func faults(_ context: String, _ hint: String) throws {
        let file = try Kubeconfig(path: try write() + "/config")
        do {
            _ = try file.configuration(context: context)
            Issue.record("it was taken")
        } catch {
            #expect(error.diagnostic.code == .clusterSettings)
            #expect((error.diagnostic.remedy ?? "").contains(hint), "\(error.diagnostic)")
        }
    }

    @Test("A pod has what its service account's folder has, and is told where that is missing")
    func pod() throws {
        let folder = try OwnFolders.make()
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(try ClusterConfiguration.inPod([:], folder: folder) == nil)
        #expect(throws: DiagnosticError.self) { try ClusterConfiguration.inPod(environment, folder: folder) }
        for (name, text) in [("token", "t"), ("ca.crt", "c"), ("namespace", "ci\n")] {
            try Files.write(text.utf8, to: "\(folder)/\(name)")
        }
        let own = try #require(try ClusterConfiguration.inPod(environment, folder: folder))
        #expect(own.server == "https://[fd00::1]:443")
        #expect(own.namespace == "ci")
        #expect(own.credential == .tokenFile(folder + "/token"))
    }
}
