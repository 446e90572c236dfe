// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
internal import RunEngine
package import SecretRedaction
package import StructuredData
internal import Synchronization

/// One job of a run with all that its steps may ask for, so that it can be carried out where the run is not: the part of
/// the plan that it is, its leg, what it needs, the run's values that it sees.
package struct JobContent {
    package var record: RunRecord
    /// Of the whole plan.
    package var planDigest: String
    let leg: JobLeg
    let needs: [NeedResult]
    /// Changes of the run's values, as ``ValuesRecord`` has them.
    let values: [DataValue]
    package var secrets: [Secret]
    package var token: String
    package var isDebug: Bool

    /// Where the job goes on; `nil`: it begins with its first step.
    struct Point: Hashable, Sendable {
        /// Of the run: the one whose steps stand.
        var attempt: Int
        var step: String
    }

    let point: Point?

    /// As people see it.
    package var name: String { leg.name }

    init(
        record: RunRecord, planDigest: String, leg: JobLeg, needs: [NeedResult], values: [DataValue],
        secrets: [Secret] = [], token: String = "", isDebug: Bool = false, point: Point? = nil
    ) {
        self.record = record
        self.planDigest = planDigest
        self.leg = leg
        self.needs = needs
        self.values = values
        self.secrets = secrets
        self.token = token
        self.isDebug = isDebug
        self.point = point
    }

    package var object: DataObject {
        var object = plainObject
        object.set(
            "point", point.map { ["attempt": .number(Double($0.attempt)), "step": .string($0.step)] })
        return object
    }

    private var plainObject: DataObject {
        [
            "record": record.data, "planDigest": .string(planDigest), "leg": leg.data,
            "needs": .array(
                needs.map { need in
                    var object: DataObject = [
                        "key": .string(need.key.text), "job": .string(need.job.text),
                        "result": .string(need.result.rawValue),
                    ]
                    object.set("reason", need.reason?.data)
                    return .object(object)
                }),
            "values": .array(values),
            "secrets": .array(
                secrets.map { ["name": .string($0.name), "value": .string(String(decoding: $0.value, as: UTF8.self))] }),
            "token": .string(token), "debug": .bool(isDebug),
        ]
    }

    /// - Throws: ``DiagnosticCode/runRecordUnreadable``.
    package init(object: DataObject) throws(DiagnosticError) {
        do throws(DataShapeError) {
            try self.init(data: .object(object))
        } catch {
            throw DiagnosticError(
                .runRecordUnreadable, "The job that the server gave cannot be read: \(error).",
                remedy: "Use the same version of Martlet for the server and its runners.")
        }
    }

    private init(data: DataValue) throws(DataShapeError) {
        let needs = try data.list("needs") { item throws(DataShapeError) in
            guard let result = Conclusion(rawValue: try item.string("result")) else {
                throw DataShapeError("a conclusion")
            }
            return NeedResult(
                key: JobKey(try item.string("key")), job: JobID(try item.string("job")), result: result,
                reason: try item.reason("reason"))
        }
        let secrets = try data.list("secrets") { item throws(DataShapeError) in
            Secret(name: try item.string("name"), value: try item.string("value"))
        }
        self.init(
            record: try RunRecord(data: data["record"] ?? .null), planDigest: try data.string("planDigest"),
            leg: try JobLeg(data: data["leg"] ?? .null), needs: needs, values: data["values"]?.array ?? [],
            secrets: secrets, token: data["token"]?.string ?? "", isDebug: data.bool("debug"),
            point: try data["point"].map { (point) throws(DataShapeError) in
                Point(attempt: try point.int("attempt"), step: try point.string("step"))
            })
    }
}

extension Plan {
    /// The job, and the calls that it is in.
    func part(of job: JobID) -> Plan {
        var part = self
        part.jobs = jobs.filter { planned in
            job.key == planned.key || job.key.text.hasPrefix(planned.key.text + "/")
        }
        return part
    }
}

extension PlanEvaluator {
    /// What of the run's values a job sees, in the form of changes.
    func values(for leg: JobID, needs: [NeedResult]) -> [DataValue] {
        values.withLock { values in
            var seen = RunValues()
            for need in needs { seen.set(outputs: values.outputs(of: need.job), of: need.job) }
            if let matrix = values.leg(leg) { seen.set(matrix, of: leg) }
            var caller = leg.parent
            while let call = caller {
                seen.set(inputs: values.inputs(ofCaller: call), ofCaller: call)
                if let name = values.name(call) { seen.set(name: name, of: call) }
                if let matrix = values.leg(call) { seen.set(matrix, of: call) }
                caller = call.parent
            }
            return seen.unwritten
        }
    }
}
