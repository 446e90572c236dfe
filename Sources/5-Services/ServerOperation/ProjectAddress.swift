// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import SourceControl

extension ProjectSettings {
    /// Where people see the repository; `nil`: it has no pages.
    package var webAddress: String? {
        guard forge != .git else { return nil }
        let place = RemotePlace(cloneURL)
        let base = options["serverURL"] ?? place.serverURL
        guard base.hasPrefix("http") else { return nil }
        return "\(base)/\(options["fullName"] ?? place.fullName)"
    }
}
