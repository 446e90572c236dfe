// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing
import Timekeeping

@testable import ObjectStorage

/// The examples of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
@Suite("Requests are signed as Amazon's own examples are")
struct SigningTests {
    private static let key = AccessKey(
        id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    private var signing: RequestSigning {
        get throws {
            RequestSigning(
                key: Self.key, region: "us-east-1", now: try #require(Timestamp(iso8601: "2013-05-24T00:00:00Z")))
        }
    }

    private static func request(_ method: String, _ path: String) -> UnsignedRequest {
        UnsignedRequest(method: method, origin: "https://examplebucket.s3.amazonaws.com", path: path)
    }

    private static func signature(_ headers: HTTPHeaders) -> Substring? {
        headers["Authorization"]?.split(separator: "Signature=").last
    }

    @Test("A part of an object")
    func get() throws {
        var request = Self.request("GET", "/test.txt")
        request.headers["Range"] = "bytes=0-9"
        let headers = try signing.headers(request, payload: RequestSigning.emptyPayload)
        #expect(
            headers["Authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("An object with a sign in its name is put")
    func put() throws {
        var request = Self.request("PUT", "/" + UnsignedRequest.path(of: "test$file.text"))
        request.headers = [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
        let headers = try signing.headers(
            request, payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
        #expect(
            Self.signature(headers) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("A query without a value")
    func lifecycle() throws {
        var request = Self.request("GET", "/")
        request.query = [.init("lifecycle", "")]
        let headers = try signing.headers(request, payload: RequestSigning.emptyPayload)
        #expect(
            Self.signature(headers) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test("A query in another order than it is signed in")
    func list() throws {
        var request = Self.request("GET", "/")
        request.query = [.init("prefix", "J"), .init("max-keys", "2")]
        let headers = try signing.headers(request, payload: RequestSigning.emptyPayload)
        #expect(
            Self.signature(headers) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("A link")
    func link() throws {
        let link = try signing.link(Self.request("GET", "/test.txt"), seconds: 86_400)
        #expect(
            link
                == "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    /// `get-vanilla` of the suite of Signature Version 4, which is of no service of its own.
    @Test("A request to another service")
    func vanilla() throws {
        var signing = RequestSigning(
            key: AccessKey(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), region: "us-east-1",
            now: try #require(Timestamp(iso8601: "2015-08-30T12:36:00Z")))
        signing.service = "service"
        let request = UnsignedRequest(method: "GET", origin: "https://example.amazonaws.com", path: "/")
        let headers = signing.headers(request, payload: RequestSigning.emptyPayload)
        #expect(
            headers["Authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, "
                + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    }

    @Test("A token of a session is signed, in headers and in links")
    func session() throws {
        var signing = try signing
        signing.key.sessionToken = "to/ken=="
        let request = Self.request("GET", "/test.txt")
        let headers = signing.headers(request, payload: RequestSigning.emptyPayload)
        #expect(headers["x-amz-security-token"] == "to/ken==")
        #expect(headers["Authorization"]?.contains("x-amz-date;x-amz-security-token") == true)
        #expect(signing.link(request, seconds: 60).contains("X-Amz-Security-Token=to%2Fken%3D%3D&"))
    }
}
