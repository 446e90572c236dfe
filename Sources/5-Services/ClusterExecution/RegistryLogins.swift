// SPDX-License-Identifier: Apache-2.0

internal import Credentials
internal import RunCoordination
internal import StructuredData

/// The logins of a job's containers, as a cluster keeps them.
enum RegistryLogins {
    static let type: DataValue = "kubernetes.io/dockerconfigjson"
    static let key = ".dockerconfigjson"
    private static let usualRegistry = "https://index.docker.io/v1/"

    /// Each names a registry once: where containers have different logins to the same one there are as many lists as it has logins.
    static func lists(_ demand: PodDemand) -> [DataValue] {
        var seen: Set<PodDemand.Login> = []
        var lists: [DataObject] = []
        for login in ([demand.container].compactMap { $0 } + demand.services).compactMap(\.login)
        where seen.insert(login).inserted {
            let registry = login.server.isEmpty ? usualRegistry : login.server
            let pair = Base64Text.text(Array("\(login.username):\(login.password)".utf8), .standard, isPadded: true)
            let index = lists.firstIndex { $0[registry] == nil } ?? lists.endIndex
            if index == lists.endIndex { lists.append(DataObject()) }
            lists[index][registry] = ["auth": .string(pair)]
        }
        return lists.map { ["auths": .object($0)] }
    }

    /// - Parameters:
    ///   - name: of the lease's objects.
    ///   - index: of the list; 0: it is in the Secret that has all else, too.
    static func secretName(_ name: String, _ index: Int) -> String { index == 0 ? name : "\(name)-login-\(index)" }
}
