// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing

@Suite("Percent-coding, queries and forms")
struct FormTextTests {
    @Test(
        "What is encoded is decoded to itself",
        arguments: ["", "a b", "ü/ä?&=+%", "release/1.0~rc-1_x", "한국어", "\u{0}\n"])
    func roundTrip(_ text: String) {
        #expect(FormText.decoded(FormText.encoded(text)) == text)
        #expect(FormText.pairs("k=\(FormText.encoded(text))") == [.init("k", text)])
    }

    @Test("Only unreserved characters stand as they are")
    func reserved() {
        #expect(FormText.encoded("a-b.c_d~e/f g+h") == "a-b.c_d~e%2Ff%20g%2Bh")
    }

    @Test("A plus is a blank in a form, and itself elsewhere")
    func plus() {
        #expect(FormText.decoded("a+b", isForm: true) == "a b")
        #expect(FormText.decoded("a+b") == "a+b")
    }

    @Test("Broken codes are refused", arguments: ["%", "%4", "%zz", "a%2", "%ff", "%c3%28"])
    func broken(_ text: String) {
        #expect(FormText.decoded(text) == nil)
        #expect(FormText.pairs("a=\(text)") == nil)
    }

    @Test("A name without a value has an empty one")
    func bare() {
        #expect(FormText.pairs("a&b=&c=1=2") == [.init("a", ""), .init("b", ""), .init("c", "1=2")])
    }
}

@Suite("Header fields")
struct HTTPHeadersTests {
    @Test("Names are compared without regard to case, and order is kept")
    func fields() {
        var headers: HTTPHeaders = [("Content-Type", "text/plain"), ("X-A", "1"), ("x-a", "2")]
        #expect(headers["content-type"] == "text/plain")
        #expect(headers.all("X-a") == ["1", "2"])
        headers["x-A"] = "3"
        #expect(headers.fields.map(\.name) == ["Content-Type", "x-A"])
        headers["x-a"] = nil
        #expect(headers["X-A"] == nil)
    }
}
