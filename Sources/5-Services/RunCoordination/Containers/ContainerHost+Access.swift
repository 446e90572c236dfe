// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import ProcessControl
internal import StepExecution

/// The job's containers as its executor calls them: on the loop, with the work on other threads.
extension ContainerHost {
    func access(_ loop: PollerLoop) -> JobContainers {
        JobContainers(
            prepare: { [self] demand, then in
                loop.offload(isLong: true) { [self] in
                    Result { () throws(DiagnosticError) in try prepare(demand) }
                } then: {
                    then($0)
                }
            },
            execute: { [self] command, descriptor, then in
                let process = ContainedCall()
                carry(loop, OutputDescriptor(descriptor: descriptor), process, then) { [self] in
                    run(command, $0, process)
                }
                return ContainedProcess(
                    signal: { [self] number in aside(loop) { [self] in signal(number, command, process) } },
                    kill: { [self] in aside(loop) { [self] in end(command, process) } })
            },
            runAction: { [self] action, descriptor, then in
                let process = ContainedCall()
                carry(loop, OutputDescriptor(descriptor: descriptor), process, then) { [self] in
                    run(action, $0, process)
                }
                return ContainedProcess(
                    signal: { [self] number in aside(loop) { [self] in signal(number, process) } },
                    kill: { [self] in aside(loop) { [self] in signal(9, process) } })
            },
            attach: { [self] (command) throws(DiagnosticError) in try attach(command) },
            stopPreparing: { [self] in preparation.cancel() },
            remove: { [self] then in
                loop.offload(isLong: true) { [self] in
                    remove()
                } then: {
                    then($0)
                }
            })
    }

    private func carry(
        _ loop: PollerLoop, _ output: OutputDescriptor, _ process: ContainedCall,
        _ then: @escaping (ContainerExit) -> Void, _ body: @escaping @Sendable (OutputDescriptor) -> ContainerExit
    ) {
        loop.offload(isLong: true) {
            let exit = body(output)
            output.close()
            process.noteEnd()
            return exit
        } then: { (exit: ContainerExit) in
            then(exit)
        }
    }

    private func aside(_ loop: PollerLoop, _ body: @escaping @Sendable () -> Void) {
        loop.offload(isLong: true) { () -> Bool in
            body()
            return true
        } then: { _ in
        }
    }
}
