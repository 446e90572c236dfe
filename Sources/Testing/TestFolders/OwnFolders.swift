// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization
package import Testing

/// Gives each test a place for the folders that it makes; when it has ended they are gone.
package struct OwnFolders: SuiteTrait, TestTrait, TestScoping {
    /// Of a test that runs.
    private final class Place: Sendable {
        let path: String
        let endings = Mutex<[@Sendable () async -> Void]>([])

        init() throws {
            path = OwnFolders.unused("martlet-test-")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        func close() async {
            for end in endings.withLock({ $0 }) { await end() }
            if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
            // What may not be written to is made writable first.
            for name in FileManager.default.enumerator(atPath: path)?.compactMap({ $0 as? String }) ?? [] {
                try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path + "/" + name)
            }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    @TaskLocal private static var place: Place?

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil, Self.place == nil else { return try await function() }
        let place = try Place()
        do {
            try await Self.$place.withValue(place, operation: function)
        } catch {
            await place.close()
            throw error
        }
        await place.close()
    }

    private static func unused(_ prefix: String) -> String {
        NSTemporaryDirectory() + "/" + prefix + UUID().uuidString.lowercased()
    }

    /// A path in the running test's place where nothing is yet.
    package static func path() -> String {
        guard let place else {
            Issue.record("The suite that makes a folder here is without .ownFolders: nobody removes it.")
            return unused("martlet-test-lost-")
        }
        return place.path + "/" + UUID().uuidString.prefix(8).lowercased()
    }

    /// A new folder in the running test's place.
    package static func make() throws -> String {
        let path = path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    /// What is to end before the running test's folders go.
    package static func atEnd(_ end: @escaping @Sendable () async -> Void) {
        place?.endings.withLock { $0.append(end) }
    }
}

extension Trait where Self == OwnFolders {
    /// The tests' folders, by ``OwnFolders/make()`` and ``OwnFolders/path()``, are gone when they have ended.
    package static var ownFolders: Self { Self() }
}
