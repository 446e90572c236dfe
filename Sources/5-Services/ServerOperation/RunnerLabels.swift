// SPDX-License-Identifier: Apache-2.0

internal import WorkflowPlanning

/// What a runner on this machine answers to without being told.
package enum RunnerLabels {
    package static var machine: [String] { RunnerOffer().labels.sorted() }
}
