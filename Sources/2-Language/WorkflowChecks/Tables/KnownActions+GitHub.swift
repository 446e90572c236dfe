// SPDX-License-Identifier: Apache-2.0

/// Inputs and outputs of much used actions, as their own `action.yml` files declare them (all listed versions taken
/// together). `+`: required; `~new`: deprecated, `new` took its place; `*`: anything goes.
extension KnownAction {
    static let byGitHub: [KnownAction] = [
        KnownAction(
            "actions/attest-build-provenance", refs: "v1 v2 v3 v4",
            inputs: """
                create-storage-record github-token predicate predicate-path predicate-type push-to-registry \
                show-summary subject-checksums subject-digest subject-name subject-path
                """, outputs: "attestation-id attestation-url bundle-path storage-record-ids"),
        KnownAction(
            "actions/cache", refs: "v4 v5",
            inputs: """
                enableCrossOsArchive fail-on-cache-miss key+ lookup-only path+ restore-keys save-always~ \
                upload-chunk-size
                """, outputs: "cache-hit"),
        KnownAction(
            "actions/cache/restore", refs: "v4 v5",
            inputs: "enableCrossOsArchive fail-on-cache-miss key+ lookup-only path+ restore-keys",
            outputs: "cache-hit cache-matched-key cache-primary-key"),
        KnownAction(
            "actions/cache/save", refs: "v4 v5",
            inputs: "enableCrossOsArchive key+ path+ upload-chunk-size"),
        KnownAction(
            "actions/checkout", refs: "v4 v5 v6",
            inputs: """
                clean fetch-depth fetch-tags filter github-server-url lfs path persist-credentials ref \
                repository set-safe-directory show-progress sparse-checkout sparse-checkout-cone-mode ssh-key \
                ssh-known-hosts ssh-strict ssh-user submodules token
                """, outputs: "commit ref"),
        KnownAction(
            "actions/configure-pages", refs: "v4 v5 v6",
            inputs: "enablement generator_config_file static_site_generator token",
            outputs: "base_path base_url host origin"),
        KnownAction(
            "actions/create-github-app-token", refs: "v1 v2 v3",
            inputs: """
                app-id app_id~app-id github-api-url owner permission-actions permission-administration \
                permission-checks permission-codespaces permission-contents \
                permission-custom-properties-for-organizations permission-dependabot-secrets \
                permission-deployments permission-email-addresses \
                permission-enterprise-custom-properties-for-organizations permission-environments \
                permission-followers permission-git-ssh-keys permission-gpg-keys permission-interaction-limits \
                permission-issues permission-members permission-metadata permission-organization-administration \
                permission-organization-announcement-banners permission-organization-copilot-seat-management \
                permission-organization-custom-org-roles permission-organization-custom-properties \
                permission-organization-custom-roles permission-organization-events \
                permission-organization-hooks permission-organization-packages \
                permission-organization-personal-access-token-requests \
                permission-organization-personal-access-tokens permission-organization-plan \
                permission-organization-projects permission-organization-secrets \
                permission-organization-self-hosted-runners permission-organization-user-blocking \
                permission-packages permission-pages permission-profile permission-pull-requests \
                permission-repository-custom-properties permission-repository-hooks \
                permission-repository-projects permission-secret-scanning-alerts permission-secrets \
                permission-security-events permission-single-file permission-starring permission-statuses \
                permission-team-discussions permission-vulnerability-alerts permission-workflows private-key \
                private_key~private-key repositories skip-token-revoke skip_token_revoke~skip-token-revoke
                """, outputs: "app-slug installation-id token"),
        KnownAction(
            "actions/dependency-review-action", refs: "v4",
            inputs: """
                allow-dependencies-licenses allow-ghsas allow-licenses base-ref comment-summary-in-pr \
                config-file deny-groups deny-licenses deny-packages external-repo-token fail-on-scopes \
                fail-on-severity head-ref license-check repo-token retry-on-snapshot-warnings \
                retry-on-snapshot-warnings-timeout show-openssf-scorecard show-patched-versions \
                vulnerability-check warn-on-openssf-scorecard-level warn-only
                """,
            outputs: """
                comment-content denied-changes dependency-changes invalid-license-changes vulnerable-changes
                """),
        KnownAction(
            "actions/deploy-pages", refs: "v3 v4 v5",
            inputs: "artifact_name error_count preview reporting_interval timeout token", outputs: "page_url"),
        KnownAction(
            "actions/download-artifact", refs: "v3-node20 v4 v5 v6 v7 v8",
            inputs: """
                artifact-ids digest-mismatch github-token merge-multiple name path pattern repository run-id \
                skip-decompress
                """, outputs: "download-path"),
        KnownAction(
            "actions/first-interaction", refs: "v1 v2 v3",
            inputs: "issue-message issue_message pr-message pr_message repo-token repo_token"),
        KnownAction(
            "actions/github-script", refs: "v7 v8",
            inputs: """
                base-url debug github-token previews result-encoding retries retry-exempt-status-codes script+ \
                user-agent
                """, outputs: "*"),
        KnownAction(
            "actions/labeler", refs: "v5 v6",
            inputs: "configuration-path dot pr-number repo-token sync-labels", outputs: "all-labels new-labels"),
        KnownAction(
            "actions/setup-dotnet", refs: "v4 v5",
            inputs: """
                architecture cache cache-dependency-path config-file dotnet-quality dotnet-version \
                global-json-file owner source-url workloads
                """, outputs: "cache-hit dotnet-version"),
        KnownAction(
            "actions/setup-go", refs: "v5 v6",
            inputs: """
                architecture cache cache-dependency-path check-latest go-download-base-url go-version \
                go-version-file token
                """, outputs: "cache-hit go-version"),
        KnownAction(
            "actions/setup-java", refs: "v4 v5",
            inputs: """
                architecture cache cache-dependency-path check-latest distribution+ gpg-passphrase \
                gpg-private-key java-package java-version java-version-file jdkFile job-status mvn-toolchain-id \
                mvn-toolchain-vendor overwrite-settings server-id server-password server-username settings-path \
                token
                """, outputs: "cache-hit distribution path version"),
        KnownAction(
            "actions/setup-node", refs: "v4 v5 v6",
            inputs: """
                always-auth architecture cache cache-dependency-path check-latest mirror mirror-token \
                node-version node-version-file package-manager-cache registry-url scope token
                """, outputs: "cache-hit node-version"),
        KnownAction(
            "actions/setup-python", refs: "v5 v6",
            inputs: """
                allow-prereleases architecture cache cache-dependency-path check-latest freethreaded pip-install \
                pip-version python-version python-version-file token update-environment
                """, outputs: "cache-hit python-path python-version"),
        KnownAction(
            "actions/stale", refs: "v10 v9",
            inputs: """
                any-of-issue-labels any-of-labels any-of-pr-labels ascending close-issue-label \
                close-issue-message close-issue-reason close-pr-label close-pr-message days-before-close \
                days-before-issue-close days-before-issue-stale days-before-pr-close days-before-pr-stale \
                days-before-stale debug-only delete-branch enable-statistics exempt-all-assignees \
                exempt-all-issue-assignees exempt-all-issue-milestones exempt-all-milestones \
                exempt-all-pr-assignees exempt-all-pr-milestones exempt-assignees exempt-draft-pr \
                exempt-issue-assignees exempt-issue-labels exempt-issue-milestones exempt-milestones \
                exempt-pr-assignees exempt-pr-labels exempt-pr-milestones ignore-issue-updates ignore-pr-updates \
                ignore-updates include-only-assigned labels-to-add-when-unstale labels-to-remove-when-stale \
                labels-to-remove-when-unstale only-issue-labels only-issue-types only-labels only-pr-labels \
                operations-per-run remove-issue-stale-when-updated remove-pr-stale-when-updated \
                remove-stale-when-updated repo-token sort-by stale-issue-label stale-issue-message \
                stale-pr-label stale-pr-message start-date
                """, outputs: "closed-issues-prs staled-issues-prs"),
        KnownAction(
            "actions/upload-artifact", refs: "v3-node20 v4 v5 v6 v7",
            inputs: """
                archive compression-level if-no-files-found include-hidden-files name overwrite path+ \
                retention-days
                """, outputs: "artifact-digest artifact-id artifact-url"),
        KnownAction(
            "actions/upload-pages-artifact", refs: "v1 v2 v3 v4",
            inputs: "name path retention-days", outputs: "artifact_id"),
        KnownAction(
            "github/codeql-action/analyze", refs: "v3 v4",
            inputs: """
                add-snippets~ category check_name checkout_path cleanup-level expect-error matrix output \
                post-processed-sarif-path ram ref sha skip-queries threads token upload upload-database \
                wait-for-processing
                """, outputs: "db-locations sarif-id sarif-output"),
        KnownAction(
            "github/codeql-action/autobuild", refs: "v3 v4",
            inputs: "matrix token working-directory"),
        KnownAction(
            "github/codeql-action/init", refs: "v3 v4",
            inputs: """
                analysis-kinds build-mode check-run-id config config-file db-location debug debug-artifact-name \
                debug-database-name dependency-caching external-repository-token languages matrix packs \
                quality-queries queries ram registries setup-python-dependencies source-root threads token tools \
                trap-caching
                """, outputs: "codeql-path codeql-version"),
        KnownAction(
            "github/super-linter", refs: "v3 v4 v5 v6 v7",
            inputs: ""),
    ]
}
