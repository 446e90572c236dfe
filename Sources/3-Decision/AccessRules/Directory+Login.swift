// SPDX-License-Identifier: Apache-2.0

extension Directory {
    /// Who did something, for people: somebody's token with whose it is, `ada (laptop)`.
    package func told(_ actor: Actor) -> String {
        guard actor.kind == .token, let owner = actor.owner else { return actor.name }
        return "\(name(of: owner)) (\(actor.name))"
    }

    /// As whom somebody starts runs: `github.actor`, and who must not approve their own. A token acts for its account,
    /// whatever it is called; one that is nobody's is marked as such, so that it is never taken for somebody.
    package func login(of actor: Actor) -> String {
        guard actor.kind != .account else { return actor.name }
        if let owner = actor.owner, let account = accounts[owner] { return account.name }
        return actor.name + "[bot]"
    }
}
