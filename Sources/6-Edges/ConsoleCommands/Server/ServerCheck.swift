// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import HTTPServing
internal import ObjectStorage
internal import ProcessControl
internal import ServerOperation

/// `martlet server --check`: all that a start does before it serves, and nothing that stays.
struct ServerCheck {
    let settings: ServerSettings
    /// As `--project` has them.
    let projects: [String]
    /// Where jobs of the own runner are carried out.
    let executor: ExecutorOptions

    /// What would keep a start from serving, beside the faults of the settings themselves.
    func faults() async -> [DiagnosticError] {
        var faults: [DiagnosticError] = []
        var isTaken = false
        do throws(DiagnosticError) {
            isTaken = try ServerFolder.check(settings)
        } catch { faults.append(error) }
        for options in listeners {
            do throws(DiagnosticError) {
                // A server that works in the folder may be the one that this is about, and then has its port.
                try await HTTPListener.check(options, binding: !isTaken)
            } catch { faults.append(error) }
        }
        do throws(DiagnosticError) {
            _ = try await settings.blobs?.list(prefix: "runs/", after: nil, limit: 1)
        } catch { faults.append(error) }
        if executor.executor == .kubernetes {
            do throws(DiagnosticError) {
                try await ClusterRunning.check(executor, settings.environment)
            } catch { faults.append(error) }
        }
        for project in projects {
            do throws(DiagnosticError) {
                _ = try OfferedProject.settings(project)
            } catch { faults.append(error) }
        }
        return faults
    }

    private var listeners: [HTTPListener.Options] {
        var main = HTTPListener.Options(host: settings.host, port: settings.port)
        if let chain = settings.certificatePath, let key = settings.certificateKeyPath {
            main.certificate = (chain, key)
        }
        let metrics = settings.metricsAddress.map { HTTPListener.Options(host: $0.host, port: $0.port) }
        return [main] + (metrics.map { [$0] } ?? [])
    }
}
