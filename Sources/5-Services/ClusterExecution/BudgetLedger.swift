// SPDX-License-Identifier: Apache-2.0

package import RunnerProtocol
package import StructuredData
internal import Timekeeping

/// How much of today's budget each project has had. A value, which is kept in the cluster.
package struct BudgetLedger: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        /// As people know it; empty: not known.
        package var name = ""
        package var cpuMinutes = 0.0

        package init(name: String = "", cpuMinutes: Double = 0) {
            self.name = name
            self.cpuMinutes = cpuMinutes
        }
    }

    /// Days since the epoch, in UTC.
    package private(set) var day: Int64
    /// By project's id.
    package private(set) var entries: [String: Entry] = [:]

    /// Projects that it knows; past it those that have spent nothing are forgotten.
    private static let entryLimit = 5_000
    private static let dayMs: Int64 = 86_400_000
    private static let dayKey = "day"

    package init(now: Int64) { day = now / Self.dayMs }

    /// A new day begins with nothing spent.
    package mutating func turn(to now: Int64) {
        guard now / Self.dayMs > day else { return }
        day = now / Self.dayMs
        for id in entries.keys { entries[id]?.cpuMinutes = 0 }
    }

    package mutating func note(project: String, name: String) {
        guard !project.isEmpty else { return }
        if entries[project] == nil, entries.count >= Self.entryLimit {
            entries = entries.filter { $0.value.cpuMinutes > 0 }
        }
        entries[project, default: Entry()].name = name
    }

    package mutating func charge(_ charge: PodCharge, at now: Int64) {
        turn(to: now)
        entries[charge.project, default: Entry()].cpuMinutes += charge.cpuMinutes(at: now)
    }

    /// Projects that have had what they may have.
    ///
    /// - Parameter running: pods whose end has not been charged yet.
    package func holdbacks(_ settings: ExecutorSettings, running: [PodCharge], at now: Int64) -> [Holdback] {
        var spent = entries.mapValues(\.cpuMinutes)
        for charge in running { spent[charge.project, default: 0] += charge.cpuMinutes(at: now) }
        return spent.keys.sorted().compactMap { id in
            let name = entries[id]?.name ?? ""
            guard let most = settings.budget(of: id, name: name), let used = spent[id], used >= Double(most) else {
                return nil
            }
            return Holdback(
                project: id,
                reason:
                    "the budget of the project '\(name.isEmpty ? id : name)' in this cluster is used up: \(Int(used)) of "
                    + "\(most) CPU-minutes of today; it goes on at 00:00 UTC.")
        }
    }

    // MARK: kept

    /// Of a ConfigMap.
    package var data: DataObject {
        var data: DataObject = [Self.dayKey: .string("\(day)")]
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let amount = (entry.cpuMinutes * 1000).rounded() / 1000
            data[id] = .string("\(amount) \(entry.name)")
        }
        return data
    }

    /// What cannot be read is as if it were not there.
    package init(data: DataValue, now: Int64) {
        self.init(now: now)
        guard let day = data[Self.dayKey]?.string.flatMap({ Int64($0) }) else { return }
        for (id, value) in data.object ?? DataObject() where id != Self.dayKey {
            let parts = (value.string ?? "").split(separator: " ", maxSplits: 1)
            guard let amount = parts.first.flatMap({ Double($0) }), amount.isFinite, amount >= 0 else { continue }
            let name = parts.count > 1 ? String(parts[1]) : ""
            entries[id] = Entry(name: name, cpuMinutes: day == self.day ? amount : 0)
        }
    }
}
