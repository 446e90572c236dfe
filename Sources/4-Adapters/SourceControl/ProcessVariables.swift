// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc  // this process's environment
#elseif canImport(Darwin)
    internal import Darwin  // this process's environment
#endif

/// This process's environment.
enum ProcessVariables {
    static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
