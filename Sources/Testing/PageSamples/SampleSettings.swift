// SPDX-License-Identifier: Apache-2.0

package import WebPages

/// The settings, an account, the audit log.
package enum SampleSettings {
    package static var projects: ProjectSettingsPage {
        ProjectSettingsPage(
            projects: [
                .init(
                    name: "widget", repository: "https://forge.example/kiln/widget.git", isPublic: true,
                    hookAddress: "https://ci.example/hooks/widget", lastDeliveryAt: SampleRuns.ago(190)),
                .init(
                    name: "data-lake", repository: "ssh://git@forge.example/data/lake.git",
                    lastDeliveryAt: SampleRuns.ago(61_000),
                    trouble: "The last three fetches failed: the host key has changed."),
            ], receipt: .done("widget is built here now."))
    }

    package static var connection: ConnectionPage {
        var page = ConnectionPage(
            project: "widget", repository: "https://forge.example/kiln/widget.git",
            forge: ("gitea", [("git", "git"), ("gitea", "Gitea, Forgejo")]), branch: "main",
            hookAddress: "https://ci.example/hooks/gitea/widget")
        page.hasCredential = true
        return page
    }

    package static var incoming: IncomingPage {
        var push = IncomingPage.Delivery(
            id: "72d3162e-cc78-11e3-81ab-4c9367dc0958", event: "push", at: SampleRuns.ago(190), state: .passed,
            notes: [
                .init(workflow: ".github/workflows/ci.yml", run: 8414, reason: "A push to main."),
                .init(workflow: ".github/workflows/docs.yml", run: nil, reason: "No file of it matches 'docs/**'."),
            ])
        (push.ref, push.actor) = ("refs/heads/main", "ada")
        var lost = IncomingPage.Delivery(
            id: "dispatch:9f2c", event: "workflow_dispatch", at: SampleRuns.ago(4_000), state: .failed)
        lost.problem = "MRT1140 Could not fetch from https://forge.example/kiln/widget.git: it is away."
        return IncomingPage(
            project: "widget", deliveries: [push, lost], nextPage: PageAddress("settings", "projects", "widget"))
    }

    package static var people: PeoplePage {
        PeoplePage(
            people: [
                .init(name: "Ada Kim", role: "owner", lastSeenAt: SampleRuns.ago(3), isSelf: true),
                .init(name: "Tomás Rey", role: "maintainer", lastSeenAt: SampleRuns.ago(7_000)),
                .init(name: "Mina Park", role: "reader", isDisabled: true),
            ],
            roles: [
                ("reader", "sees runs and logs"), ("developer", "starts, re-runs and cancels runs"),
                ("maintainer", "changes projects, secrets and environments"), ("owner", "everything"),
            ],
            receipt: .refused(
                code: "MRT1204", message: "There is an account 'ada' already.", remedy: "Choose another name."))
    }

    package static var members: MembersPage {
        MembersPage(
            project: "widget",
            members: [.init(name: "Ada Kim", role: "admin"), .init(name: "Tomás Rey", role: "run")],
            others: ["Jo Lind", "Mina Park"],
            roles: [("read", "Sees runs, logs and artifacts."), ("run", "Starts, cancels and reruns as well.")])
    }

    package static var runners: RunnersPage {
        RunnersPage(
            queue: [
                (.noRunner(label: "gpu-a100", nearest: "gpu-a10"), 1),
                (.runnersBusy(count: 2, labels: ["arm64"], freeInMs: 360_000), 4),
            ],
            runners: [
                .init(
                    id: "r1", name: "barn-1", labels: ["self-hosted", "linux", "x64", "ubuntu-24"], isOnline: true,
                    capacity: 4, jobs: [("test › ubuntu-24", 8414), ("browser tests", 8415)], version: "0.4.0",
                    lastSeenAt: SampleRuns.ago(2), isOwn: true),
                .init(
                    id: "r2", name: "barn-2", labels: ["linux", "arm64"], isOnline: true, isPaused: true, capacity: 2,
                    version: "0.4.0", lastSeenAt: SampleRuns.ago(4)),
                .init(
                    id: "r3", name: "attic", labels: ["linux", "gpu-a10"], isOnline: false, capacity: 1,
                    version: "0.3.2",
                    lastSeenAt: SampleRuns.ago(260_000)),
            ], newToken: "mrt_reg_5f1b2c3d4e5f60718293", serverAddress: "https://ci.example")
    }

    package static var secrets: SecretsPage {
        SecretsPage(
            secrets: [
                .init(
                    name: "DEPLOY_KEY", place: "widget / production", changedAt: SampleRuns.ago(900_000),
                    changedBy: "Ada Kim", lastUsedAt: SampleRuns.ago(4_000)),
                .init(
                    name: "PIN", place: "organization", changedAt: SampleRuns.ago(90_000_000), changedBy: "Tomás Rey",
                    warning: "Shorter than four bytes: it cannot be masked in logs."),
            ],
            places: [
                ("organization", "All projects"), ("widget", "widget"), ("widget/production", "widget / production"),
            ])
    }

    package static var environments: EnvironmentsPage {
        EnvironmentsPage(
            environments: [
                .init(
                    project: "billing", name: "production", approvers: ["maintainer", "Jo Lind"], votesNeeded: 2,
                    waitMs: 600_000, branches: ["main", "release/*"], lastRun: 8377,
                    lastDeployedAt: SampleRuns.ago(99_000)),
                .init(project: "billing", name: "staging"),
            ], projects: ["widget", "billing"])
    }

    package static var hooks: HooksPage {
        HooksPage(hooks: [
            .init(
                id: "h1", url: "https://chat.example/hooks/ci", events: ["run.finished", "approval.asked"],
                isRotating: true,
                deliveries: [
                    .init(
                        id: "msg_2b9f01", event: "run.finished", at: SampleRuns.ago(570), tries: 1, status: 204,
                        durationMs: 84, state: .passed),
                    .init(
                        id: "msg_2b9e77", event: "approval.asked", at: SampleRuns.ago(1500), tries: 3, status: 503,
                        durationMs: 2_004, state: .waiting, note: "next try in 4 min"),
                    .init(
                        id: "msg_2b9c10", event: "run.finished", at: SampleRuns.ago(90_000), tries: 8, status: nil,
                        state: .failed, note: "connection refused"),
                ]),
            .init(id: "h2", url: "https://wall.example/in", events: [], isEnabled: false),
        ])
    }

    package static var account: AccountPage {
        AccountPage(
            name: "Ada Kim", role: "owner",
            tokens: [
                .init(
                    id: "t1", name: "laptop", prefix: "mrt_pat_4f2a", scopes: ["run:read", "run:write"],
                    createdAt: SampleRuns.ago(4_000_000), lastUsedAt: SampleRuns.ago(340),
                    expiresAt: SampleRuns.ago(-4_000_000)),
                .init(
                    id: "t2", name: "wall screen", prefix: "mrt_pat_9bd1", scopes: ["run:read"],
                    createdAt: SampleRuns.ago(90_000)),
            ], newToken: "mrt_pat_4f2a9c0e1d2b3a4958677685949302112233",
            scopes: [
                ("run:read", "see runs, logs and artifacts"), ("run:write", "start, re-run and cancel"),
                ("approve", "answer approvals"), ("admin", "change settings"),
            ])
    }

    package static var audit: AuditPage {
        AuditPage(
            entries: [
                .init(
                    sequence: 9214, at: SampleRuns.ago(300), actor: "Ada Kim", act: "run.rerun",
                    text: "widget run 8412: failed jobs", link: .run(8412), from: "10.4.0.17"),
                .init(
                    sequence: 9211, at: SampleRuns.ago(900_000), actor: "Ada Kim", act: "secret.set",
                    text: "DEPLOY_KEY of widget / production", from: "10.4.0.17"),
                .init(
                    sequence: 9207, at: SampleRuns.ago(901_000), actor: "release-bot", isToken: true,
                    act: "approval.approve",
                    text: "billing to production, run 8377", link: .run(8377), from: "192.0.2.44"),
            ], nextPage: PageAddress(checking: "/audit?before=9207"))
    }
}
