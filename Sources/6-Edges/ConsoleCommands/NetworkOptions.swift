// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Whether other repositories may be fetched.
struct NetworkOptions: ParsableArguments {
    @Flag(help: "Fetch nothing: use what was fetched before.")
    var offline = false

    /// The environment of the command as its parts read it.
    func applied(to environment: [String: String]) -> [String: String] {
        offline ? environment.merging(["MARTLET_OFFLINE": "1"]) { $1 } : environment
    }
}
