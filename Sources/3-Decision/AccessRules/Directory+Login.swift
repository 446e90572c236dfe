// SPDX-License-Identifier: Apache-2.0

extension Directory {
    /// As whom somebody starts runs: `github.actor`, and who must not approve their own. A token acts for its account,
    /// whatever it is called; one that is nobody's is marked as such, so that it is never taken for somebody.
    package func login(of actor: Actor) -> String {
        guard actor.kind != .account else { return actor.name }
        if let owner = actor.owner, let account = accounts[owner] { return account.name }
        return actor.name + "[bot]"
    }
}
