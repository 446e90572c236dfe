// SPDX-License-Identifier: Apache-2.0

/// Which server something is for.
package enum HomePlace: Hashable, Sendable {
    /// This one.
    case here
    /// Another one, at its address.
    case at(String)
    /// None yet, or none that lives.
    case nowhere
}
