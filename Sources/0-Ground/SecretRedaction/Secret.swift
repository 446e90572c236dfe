// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// A value that must not be shown, under the name that reports call it by.
public struct Secret: Hashable, Sendable {
    /// For reports; never replaced, never secret.
    public var name: String
    public var value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public init(name: String, value: String) {
        self.init(name: name, value: Array(value.utf8))
    }
}

/// A secret that cannot be watched for: the stream must not go on without it.
public struct RedactionError: CodedError, Hashable {
    public var diagnostic: Diagnostic

    init(_ message: String, remedy: String) {
        diagnostic = Diagnostic(.tooManySecrets, message, remedy: remedy)
    }
}
