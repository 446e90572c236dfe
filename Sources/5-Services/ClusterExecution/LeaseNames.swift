// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import RunnerProtocol
package import StructuredData

/// What objects in the cluster are called and labelled, so that whoever finds them knows whose they are.
package struct LeaseNames: Hashable, Sendable {
    /// Of the runner that makes them: the same for as long as it is registered.
    package var owner: String

    package static let ownerLabel = "martlet.dev/owner"
    package static let trustLabel = "martlet.dev/trust"
    /// Of a fork's pod: whether it may reach what is outside of the cluster.
    package static let networkLabel = "martlet.dev/network"
    package static let leaseAnnotation = "martlet.dev/lease"
    private static let managedBy = "app.kubernetes.io/managed-by"

    /// - Parameter credential: of the runner; only its digest is shown.
    package init(credential: String) {
        owner = String(Hexadecimal.text(SHA256.hash(data: Array(credential.utf8))).prefix(16))
    }

    package var selector: String { "\(Self.ownerLabel)=\(owner)" }

    /// The same for the same lease, so that what is asked for twice is made once.
    package func name(_ lease: LeaseKey) -> String {
        let work = lease.work
        let digest = Hexadecimal.text(SHA256.hash(data: Array("\(owner)/\(work)/\(lease.fence)".utf8))).prefix(8)
        return "martlet-\(work.run)-\(work.attempt)-\(work.number)-\(lease.fence)-\(digest)"
    }

    /// Of what is of no lease.
    var ownLabels: DataObject { [Self.managedBy: "martlet", Self.ownerLabel: .string(owner)] }

    func labels(_ lease: LeaseKey, isForeign: Bool) -> DataObject {
        let work = lease.work
        return [
            Self.managedBy: "martlet", Self.ownerLabel: .string(owner),
            "martlet.dev/run": .string("\(work.run)"), "martlet.dev/attempt": .string("\(work.attempt)"),
            "martlet.dev/number": .string("\(work.number)"), "martlet.dev/fence": .string("\(lease.fence)"),
            Self.trustLabel: .string(isForeign ? "fork" : "own"),
        ]
    }

    static func annotations(_ lease: LeaseKey, _ charge: PodCharge? = nil) -> DataObject {
        var annotations: DataObject = [leaseAnnotation: .string(lease.data.jsonText())]
        annotations.set(PodCharge.projectAnnotation, charge.map { .string($0.project) })
        annotations.set(PodCharge.chargeAnnotation, charge.map { .string("\($0.milliCPUs)") })
        return annotations
    }

    /// What the runner remembers of budgets.
    package var budgetName: String { "martlet-budget-\(owner)" }

    /// `nil`: it is nothing that was made for a lease.
    package static func lease(of object: DataValue) -> LeaseKey? {
        guard let text = object["metadata"]?["annotations"]?[leaseAnnotation]?.string,
            let data = try? DataValue(json: Array(text.utf8))
        else { return nil }
        return try? LeaseKey(data: data)
    }

    package static func name(of object: DataValue) -> String { object["metadata"]?["name"]?.string ?? "" }
}
