// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import NotificationRules
package import StructuredData
package import Timekeeping

/// One attempt to deliver as it went over the wire, shortened: for those who look for what is wrong with an endpoint.
package struct DeliveryExchange: Hashable, Sendable, DataRepresentable {
    package var at: Timestamp
    package var url: String
    package var requestHeaders: HTTPHeaders
    /// `nil`: there was no answer.
    package var status: Int?
    package var problem: String?
    package var answerHeaders: HTTPHeaders = []
    /// The beginning, as text.
    package var answerBody = ""
    package var isAnswerCut = false
    package var durationMs: Int

    init(_ call: HTTPCall, _ result: Result<HTTPAnswer, any Error>, problem: String?, durationMs: Int, at: Timestamp) {
        self.at = at
        url = call.url.cut(NoticeLimits.linkBytes)
        requestHeaders = Self.shortened(call.headers)
        self.durationMs = durationMs
        self.problem = problem
        guard case .success(let answer) = result else { return }
        status = answer.status
        answerHeaders = Self.shortened(answer.headers)
        answerBody = String(decoding: answer.body.prefix(AnnouncementLimits.shownBodyBytes), as: UTF8.self)
        isAnswerCut = answer.body.count > AnnouncementLimits.shownBodyBytes
    }

    private static func shortened(_ headers: HTTPHeaders) -> HTTPHeaders {
        HTTPHeaders(
            headers.prefix(AnnouncementLimits.shownFields).map {
                .init(
                    $0.name.cut(AnnouncementLimits.shownFieldBytes), $0.value.cut(AnnouncementLimits.shownFieldBytes))
            })
    }

    package var data: DataValue {
        var object: DataObject = [
            "at": .number(Double(at.milliseconds)), "url": .string(url), "requestHeaders": Self.data(requestHeaders),
            "durationMs": .number(Double(durationMs)),
        ]
        object.set("status", status.map { .number(Double($0)) })
        object.set("problem", problem.map(DataValue.string))
        if status != nil {
            object["answerHeaders"] = Self.data(answerHeaders)
            object["answerBody"] = .string(answerBody)
            object.set("answerCut", isAnswerCut ? .some(.bool(true)) : Optional.none)
        }
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        at = Timestamp(milliseconds: Int64(try data.int("at")))
        url = data["url"]?.string ?? ""
        requestHeaders = Self.headers(data["requestHeaders"])
        durationMs = data["durationMs"]?.int ?? 0
        status = data["status"]?.int
        problem = data["problem"]?.string
        answerHeaders = Self.headers(data["answerHeaders"])
        answerBody = data["answerBody"]?.string ?? ""
        isAnswerCut = data.bool("answerCut")
    }

    private static func data(_ headers: HTTPHeaders) -> DataValue {
        .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] })
    }

    private static func headers(_ data: DataValue?) -> HTTPHeaders {
        HTTPHeaders(
            (data?.array ?? []).map { .init($0["name"]?.string ?? "", $0["value"]?.string ?? "") })
    }
}
