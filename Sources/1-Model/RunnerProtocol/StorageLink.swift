// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// An address in the server's object storage that is good for one object and a short time, for a runner on another machine.
package struct StorageLink: Hashable, Sendable, DataRepresentable {
    /// A field that is sent as it is.
    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var url: String
    package var headers: [Header]
    /// How long requests may begin.
    package var seconds: Int
    /// Of a cache's trees: what the object is, and its index.
    package var object: DataValue?

    package init(url: String, headers: [Header] = [], seconds: Int, object: DataValue? = nil) {
        self.url = url
        self.headers = headers
        self.seconds = seconds
        self.object = object
    }

    public var data: DataValue {
        var data: DataObject = [
            "url": .string(url), "seconds": .number(Double(seconds)),
            "headers": .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] }),
        ]
        data.set("object", object)
        return .object(data)
    }

    public init(data: DataValue) throws(DataShapeError) {
        url = try data.string("url")
        seconds = try data.int("seconds")
        headers = try data.list("headers") { item throws(DataShapeError) in
            Header(try item.string("name"), try item.string("value"))
        }
        object = data["object"]
    }
}

extension RunnerLimits {
    /// What is smaller goes through the server: another request costs more.
    package static let linkedBytes: UInt64 = 1 << 20
    /// What is put at one link; S3 takes 5 GiB.
    package static let linkedUploadBytes: UInt64 = 4 << 30
    /// How long a link is good for the beginning of requests.
    package static let linkSeconds = 300
    /// What was put at a link is to be published before that, or goes.
    package static let linkedUploadSeconds: Int64 = 6 * 3_600
    /// How long no links are given after the object storage did not answer.
    package static let linkPauseMs: Int64 = 60_000
}
