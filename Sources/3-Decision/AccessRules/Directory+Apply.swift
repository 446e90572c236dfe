// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

extension Directory {
    /// Writes down what an event says. It decides nothing and never fails: what it is about and is not there is passed
    /// over.
    ///
    /// - Parameter time: when the journal recorded it.
    package mutating func apply(_ event: DirectoryEvent, at time: Timestamp) {
        version += 1
        switch event.fact {
        case .accountAdded, .accountChanged, .accountDisabled, .accountEnabled, .accountRemoved, .passwordSet,
            .identityLinked, .serverAdminSet, .sessionsEnded:
            applyAccount(event.fact, at: time)
        case .tokenIssued(let fact): add(fact, at: time)
        case .tokenRevoked(let fact):
            tokens[fact.token]?.revokedAt = time
            forgetEndedTokens(of: fact.owner.id)
        case .projectAdded, .projectChanged, .projectRemoved, .webhookSecretSet, .roleGranted, .roleWithdrawn:
            applyProject(event.fact, at: time)
        case .environmentSet, .environmentRemoved, .environmentFrozen, .environmentThawed:
            applyEnvironment(event.fact)
        case .valueSet(let fact):
            values[fact.key] = StoredValue(key: fact.key, version: fact.version, digest: fact.digest, setAt: time)
            lastVersions[fact.key] = nil
        case .valueRemoved(let fact): removeValue(fact.key)
        case .registrationIssued, .registrationRevoked, .runnerRegistered, .runnerChanged, .runnerRemoved:
            applyRunner(event.fact, at: time)
        case .hookSet, .hookStateSet, .hookRemoved, .channelSet, .channelRemoved:
            applyOutgoing(event.fact)
        case .signedIn, .signInBlocked, .notificationsSet, .deliveryAsked, .acted: break
        }
    }

    /// The state after `events`.
    package static func replay(_ events: some Sequence<(DirectoryEvent, Timestamp)>) -> Directory {
        var directory = Directory()
        for (event, time) in events { directory.apply(event, at: time) }
        return directory
    }

    mutating func count(_ id: EntryID) { lastNumbers[id.kind] = max(lastNumbers[id.kind] ?? 0, id.number) }

    // MARK: accounts

    private mutating func applyAccount(_ fact: DirectoryFact, at time: Timestamp) {
        switch fact {
        case .accountAdded(let fact):
            count(fact.account)
            accounts[fact.account] = Account(
                id: fact.account, name: fact.name, email: fact.email, passwordReference: fact.passwordReference,
                identity: fact.identity, isServerAdmin: fact.isServerAdmin, addedAt: time)
            index(fact.account)
        case .accountChanged(let fact):
            change(fact.account) { account in
                account.name = fact.name
                account.email = fact.email
            }
        case .accountDisabled(let fact):
            change(fact.account) { account in
                account.isDisabled = true
                account.sessionsGeneration += 1
            }
        case .accountEnabled(let fact): change(fact.account) { $0.isDisabled = false }
        case .accountRemoved(let fact): removeAccount(fact.account)
        case .passwordSet(let fact):
            change(fact.account) { account in
                account.passwordReference = fact.reference
                account.sessionsGeneration += 1
            }
        case .identityLinked(let fact): change(fact.account) { $0.identity = fact.identity }
        case .serverAdminSet(let fact): change(fact.account) { $0.isServerAdmin = fact.isServerAdmin }
        case .sessionsEnded(let fact):
            if let account = fact.account {
                change(account) { $0.sessionsGeneration += 1 }
            } else {
                sessionsGeneration += 1
            }
        default: break
        }
    }

    private mutating func change(_ id: EntryID, _ change: (inout Account) -> Void) {
        guard var account = accounts[id] else { return }
        unindex(account)
        change(&account)
        accounts[id] = account
        index(id)
    }

    private mutating func index(_ id: EntryID) {
        guard let account = accounts[id] else { return }
        accountsByName[account.name.lowercased()] = id
        if let email = account.email { accountsByEmail[email.lowercased()] = id }
        if let identity = account.identity { accountsByIdentity[identity] = id }
    }

    private mutating func unindex(_ account: Account) {
        accountsByName[account.name.lowercased()] = nil
        if let email = account.email { accountsByEmail[email.lowercased()] = nil }
        if let identity = account.identity { accountsByIdentity[identity] = nil }
    }

    private mutating func removeAccount(_ id: EntryID) {
        guard let account = accounts[id] else { return }
        formerNames[id] = account.name
        unindex(account)
        accounts[id] = nil
        removeTokens(of: id)
        for project in projects.keys { projects[project]?.roles[id] = nil }
    }

    // MARK: tokens

    private mutating func add(_ fact: TokenIssued, at time: Timestamp) {
        count(fact.token)
        tokens[fact.token] = IssuedToken(
            id: fact.token, owner: fact.owner.id, name: fact.name, prefix: fact.prefix, sha256: fact.sha256,
            grant: fact.grant, issuedAt: time)
        tokensBySHA256[fact.sha256] = fact.token
    }

    /// Keeps the newest of those that were revoked, so that whoever shows one is told so.
    private mutating func forgetEndedTokens(of owner: EntryID) {
        let ended = tokens(of: owner).filter { $0.revokedAt != nil }
        for token in ended.dropLast(AccessLimits.endedTokensOfAnOwner) { remove(token) }
    }

    private mutating func remove(_ token: IssuedToken) {
        tokens[token.id] = nil
        tokensBySHA256[token.sha256] = nil
    }

    mutating func removeTokens(of owner: EntryID) {
        for token in tokens(of: owner) { remove(token) }
    }

    mutating func removeValue(_ key: ValueKey) {
        guard let value = values.removeValue(forKey: key) else { return }
        lastVersions[key] = value.version
    }
}
