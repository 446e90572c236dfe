// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension ContainerOption {
    /// What runs, as whom, and with which surroundings of its own.
    static let process: [ContainerOption] = [
        sets("entrypoint") { $0.entrypoint = [$1.text] },
        sets("env", short: "e") { (container, value) throws(DiagnosticError) in
            if value.text.contains("=") {
                container.environment.append(value.text)
            } else if let known = value.environment[value.text] {
                container.environment.append("\(value.text)=\(known)")
            }
        },
        sets("workdir", short: "w") { $0.workingDirectory = $1.text },
        sets("user", short: "u") { $0.user = $1.text },
        sets("hostname", short: "h") { $0.hostname = $1.text },
        sets("domainname") { $0.domainname = $1.text },
        sets("label", short: "l") { (container, value) throws(DiagnosticError) in
            let parts = value.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard let name = parts.first, !name.isEmpty else { throw value.failure("name=value") }
            container.labels[name] = parts.count == 2 ? parts[1] : ""
        },
        sets("platform") { $0.platform = $1.text },
        sets("stop-signal") { $0.stopSignal = $1.text },
        sets("stop-timeout") { (container, value) throws(DiagnosticError) in
            container.stopTimeoutSeconds = try value.integer()
        },
        sets("restart") { $0.restartPolicy = $1.text },
        switches("init") { $0.usesInit = $1 },
        switches("tty", short: "t") { $0.hasTerminal = $1 },
        switches("interactive", short: "i") { $0.keepsInputOpen = $1 },
        // It is removed at the end of its job in any case.
        switches("rm") { _, _ in },
    ]

    static let health: [ContainerOption] = [
        sets("health-cmd") { container, value in
            container.check { $0.test = value.text == "none" ? ["NONE"] : ["CMD-SHELL", value.text] }
        },
        sets("health-interval") { (container, value) throws(DiagnosticError) in
            let duration = try value.duration()
            container.check { $0.interval = duration }
        },
        sets("health-timeout") { (container, value) throws(DiagnosticError) in
            let duration = try value.duration()
            container.check { $0.timeout = duration }
        },
        sets("health-start-period") { (container, value) throws(DiagnosticError) in
            let duration = try value.duration()
            container.check { $0.startPeriod = duration }
        },
        sets("health-retries") { (container, value) throws(DiagnosticError) in
            let count = try value.integer()
            container.check { $0.retries = count }
        },
        switches("no-healthcheck") { container, isOn in
            if isOn { container.check { $0.test = ["NONE"] } }
        },
    ]
}

extension ContainerConfiguration {
    fileprivate mutating func check(_ change: (inout HealthCheck) -> Void) {
        var check = healthCheck ?? HealthCheck()
        change(&check)
        healthCheck = check
    }
}
