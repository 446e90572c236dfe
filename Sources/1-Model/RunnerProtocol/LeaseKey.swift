// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// One try at a job of a run: what is given to a runner, and taken back.
package struct JobTry: Hashable, Sendable, DataRepresentable, CustomStringConvertible {
    package var run: RunID
    /// Of the run.
    package var attempt: Int
    package var job: JobID
    /// Of the job within the run, from 1.
    package var number: Int

    package init(run: RunID, attempt: Int, job: JobID, number: Int) {
        self.run = run
        self.attempt = attempt
        self.job = job
        self.number = number
    }

    public var data: DataValue {
        [
            "run": .number(Double(run.number)), "attempt": .number(Double(attempt)), "job": .string(job.text),
            "number": .number(Double(number)),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        run = RunID(try data.int("run"))
        attempt = try data.int("attempt")
        job = JobID(try data.string("job"))
        number = try data.int("number")
    }

    package var description: String { "\(run)/\(attempt)/\(job)/\(number)" }
}

/// The right to carry out one try at a job, and to say what came of it.
package struct LeaseKey: Hashable, Sendable, DataRepresentable {
    package var work: JobTry
    /// Grows with each time that the try is given away: who holds an earlier one may publish nothing.
    package var fence: Int

    package init(_ work: JobTry, fence: Int) {
        self.work = work
        self.fence = fence
    }

    public var data: DataValue {
        var object = work.data.object ?? DataObject()
        object["fence"] = .number(Double(fence))
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        work = try JobTry(data: data)
        fence = try data.int("fence")
    }
}
