// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension EngineClient {
    /// Waits while a container's health check says that it is starting; returns at once where nothing checks it, or where
    /// it does not run. The engine tells nobody when a check is over, so it is asked again, more and more slowly.
    package func waitForHealth(
        of id: String, atMost patience: Duration, _ call: EngineCall = EngineCall()
    ) throws(DiagnosticError) -> ContainerReport {
        let deadline = CallDeadline(CallLimit(kind: .stream, duration: patience))
        var pause = Duration.milliseconds(20)
        while true {
            let report = try inspectContainer(id, call)
            if report.health != .starting || !report.isRunning || deadline.isOver { return report }
            ThreadSignal().wait(atMost: pause)
            pause = min(pause * 2, .milliseconds(500))
        }
    }
}
