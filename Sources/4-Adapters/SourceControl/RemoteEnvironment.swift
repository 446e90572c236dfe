// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// The environment of a git command that speaks to a remote.
struct RemoteEnvironment {
    /// The mirror's folder: a script and the hosts that are known lie there.
    let folder: String
    let remote: GitRemote

    /// Answers git's questions for the one host that the credential is for: one that it is led on to gets nothing.
    private static let script = """
        #!/bin/sh
        case "$1" in
        "Username for 'http://$MARTLET_GIT_HOST': " | "Username for 'https://$MARTLET_GIT_HOST': ")
            printf '%s\\n' "$MARTLET_GIT_USER" ;;
        "Password for 'http"*"://"*"@$MARTLET_GIT_HOST': ")
            printf '%s\\n' "$MARTLET_GIT_SECRET" ;;
        *) exit 1 ;;
        esac

        """

    private var scriptPath: String { folder + "/martlet-askpass" }

    /// Made with the mirror.
    func prepare() throws(DiagnosticError) {
        try Files.replace(scriptPath, with: Self.script.utf8, mode: 0o700)
        try Files.setMode(0o700, of: scriptPath)
    }

    /// `NAME=value`.
    var variables: [String] {
        // Nobody is there to answer a question.
        var variables = ["GIT_TERMINAL_PROMPT=0"]
        var secureShell = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=10 -o ServerAliveCountMax=2"
        var asks = "/bin/false"
        switch remote.credential?.kind {
        case .password(let user, let secret):
            asks = scriptPath
            variables += [
                "MARTLET_GIT_HOST=\(remote.host ?? "")", "MARTLET_GIT_USER=\(user)", "MARTLET_GIT_SECRET=\(secret)",
            ]
        case .key(let path, let knownHosts):
            let hosts = knownHosts ?? folder + "/martlet-known-hosts"
            secureShell += " -o IdentitiesOnly=yes -i \(Self.quoted(path))"
            secureShell += " -o StrictHostKeyChecking=accept-new -o \(Self.quoted("UserKnownHostsFile=" + hosts))"
        case nil: break
        }
        variables.append("GIT_ASKPASS=\(asks)")
        variables.append("GIT_SSH_COMMAND=\(secureShell)")
        return variables
    }

    /// As a POSIX shell takes it for one word.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
