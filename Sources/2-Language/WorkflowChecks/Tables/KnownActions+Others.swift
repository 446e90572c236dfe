// SPDX-License-Identifier: Apache-2.0

/// Inputs and outputs of much used actions, as their own `action.yml` files declare them (all listed versions taken
/// together). `+`: required; `~new`: deprecated, `new` took its place; `*`: anything goes.
extension KnownAction {
    static let byOthers: [KnownAction] = [
        KnownAction(
            "aws-actions/configure-aws-credentials", refs: "v4 v5 v6",
            inputs: """
                action-timeout-s allowed-account-ids audience aws-access-key-id aws-region+ \
                aws-secret-access-key aws-session-token disable-retry force-skip-oidc http-proxy \
                inline-session-policy managed-session-policies mask-aws-account-id no-proxy output-credentials \
                output-env-credentials retry-max-attempts role-chaining role-duration-seconds role-external-id \
                role-session-name role-skip-session-tagging role-to-assume special-characters-workaround \
                transitive-tag-keys unset-current-credentials use-existing-credentials web-identity-token-file
                """,
            outputs: "aws-access-key-id aws-account-id aws-expiration aws-secret-access-key aws-session-token"),
        KnownAction(
            "azure/login", refs: "v2 v3",
            inputs: """
                allow-no-subscriptions audience auth-type client-id creds enable-AzPSSession environment \
                subscription-id tenant-id
                """),
        KnownAction(
            "codecov/codecov-action", refs: "v4 v5 v6",
            inputs: """
                base_sha binary codecov_yml_path commit_parent directory disable_file_fixes \
                disable_safe_directory disable_search disable_telem dry_run env_vars exclude fail_ci_if_error \
                file files flags force gcov_args gcov_executable gcov_ignore gcov_include git_service \
                handle_no_reports_found job_code name network_filter network_prefix os override_branch \
                override_build override_build_url override_commit override_pr plugin plugins recurse_submodules \
                report_code report_type root_dir run_command skip_validation slug swift_project token url \
                use_legacy_upload_endpoint use_oidc use_pypi verbose version working-directory
                """),
        KnownAction(
            "docker/build-push-action", refs: "v1 v5 v6 v7",
            inputs: """
                add-hosts add_git_labels allow always_pull annotations attests build-args build-contexts \
                build_args builder cache-from cache-to cache_froms call cgroup-parent context dockerfile file \
                github-token labels load network no-cache no-cache-filters outputs password path platforms \
                provenance pull push registry repository~ sbom secret-envs secret-files secrets shm-size ssh \
                tag_with_ref tag_with_sha tags target ulimit username
                """, outputs: "digest imageid metadata"),
        KnownAction(
            "docker/login-action", refs: "v3 v4",
            inputs: "ecr logout password registry registry-auth scope username"),
        KnownAction(
            "docker/metadata-action", refs: "v5 v6",
            inputs: """
                annotations bake-target context flavor github-token images labels sep-annotations sep-labels \
                sep-tags tags
                """,
            outputs: """
                annotations bake-file bake-file-annotations bake-file-labels bake-file-tags json labels \
                tag-names tags version
                """),
        KnownAction(
            "docker/setup-buildx-action", refs: "v3 v4",
            inputs: """
                append buildkitd-config buildkitd-config-inline buildkitd-flags cache-binary cleanup \
                config~buildkitd-config config-inline~buildkitd-config-inline driver driver-opts endpoint \
                install~ keep-state name platforms use version
                """, outputs: "driver endpoint flags name nodes platforms status"),
        KnownAction(
            "docker/setup-qemu-action", refs: "v3 v4",
            inputs: "cache-image image platforms", outputs: "platforms"),
        KnownAction(
            "dorny/paths-filter", refs: "v3 v4",
            inputs: """
                base filters+ initial-fetch-depth list-files predicate-quantifier ref token working-directory
                """, outputs: "*"),
        KnownAction(
            "erlef/setup-beam", refs: "v1",
            inputs: """
                disable_problem_matchers elixir-version github-token gleam-version hexpm-mirrors install-hex \
                install-rebar otp-architecture otp-version rebar3-version version-file version-type
                """, outputs: "elixir-version gleam-version otp-version rebar3-version setup-beam-version"),
        KnownAction(
            "golangci/golangci-lint-action", refs: "v4 v5 v6 v7 v8 v9",
            inputs: """
                annotations args cache-invalidation-interval debug experimental github-token install-mode \
                install-only only-new-issues problem-matchers skip-build-cache skip-cache skip-pkg-cache \
                skip-save-cache verify version version-file working-directory
                """),
        KnownAction(
            "google-github-actions/auth", refs: "v2 v3",
            inputs: """
                access_token_lifetime access_token_scopes access_token_subject audience backoff~ backoff_limit~ \
                cleanup_credentials create_credentials_file credentials_json delegates \
                export_environment_variables id_token_audience id_token_include_email project_id request_reason \
                retries~ service_account token_format universe workload_identity_provider
                """, outputs: "access_token auth_token credentials_file_path id_token project_id"),
        KnownAction(
            "google-github-actions/setup-gcloud", refs: "v2 v3",
            inputs: "cache install_components project_id skip_install skip_tool_cache version",
            outputs: "version"),
        KnownAction(
            "goreleaser/goreleaser-action", refs: "v5 v6 v7",
            inputs: "args distribution install-only version workdir", outputs: "artifacts metadata"),
        KnownAction(
            "gradle/wrapper-validation-action", refs: "v2 v3",
            inputs: "allow-checksums allow-snapshots min-wrapper-count", outputs: "failed-wrapper"),
        KnownAction(
            "JamesIves/github-pages-deploy-action", refs: "v4",
            inputs: """
                attempt-limit branch clean clean-exclude commit-message dry-run folder+ force git-config-email \
                git-config-name repository-name silent single-commit ssh-key tag target-folder token
                """, outputs: "deployment-status"),
        KnownAction(
            "ncipollo/release-action", refs: "v1",
            inputs: """
                allowUpdates artifact~artifacts artifactContentType artifactErrorsFailBuild artifacts body \
                bodyFile commit discussionCategory draft generateReleaseNotes generateReleaseNotesPreviousTag \
                immutableCreate makeLatest name omitBody omitBodyDuringUpdate omitDraftDuringUpdate omitName \
                omitNameDuringUpdate omitPrereleaseDuringUpdate owner prerelease removeArtifacts \
                replacesArtifacts repo skipIfReleaseExists tag token updateOnlyUnreleased
                """, outputs: "assets html_url id tarball_url upload_url zipball_url"),
        KnownAction(
            "octokit/request-action", refs: "v2.x v3.x",
            inputs: "*", outputs: "data headers status"),
        KnownAction(
            "peaceiris/actions-gh-pages", refs: "v2 v4",
            inputs: """
                allow_empty_commit cname commit_message commitMessage deploy_key destination_dir \
                disable_nojekyll emptyCommits enable_jekyll exclude_assets external_repository force_orphan \
                forceOrphan full_commit_message github_token keep_files keepFiles personal_token publish_branch \
                publish_dir tag_message tag_name tagMessage tagName tagOverwrite user_email user_name useremail \
                username
                """),
        KnownAction(
            "peter-evans/create-or-update-comment", refs: "v4 v5",
            inputs: """
                append-separator body body-file body-path comment-id edit-mode issue-number reactions \
                reactions-edit-mode repository token
                """, outputs: "comment-id"),
        KnownAction(
            "peter-evans/create-pull-request", refs: "v6 v7 v8",
            inputs: """
                add-paths assignees author base body body-path branch branch-suffix branch-token commit-message \
                committer delete-branch draft git-token labels maintainer-can-modify milestone path push-to-fork \
                reviewers sign-commits signoff team-reviewers title token
                """,
            outputs: """
                pull-request-branch pull-request-head-sha pull-request-number pull-request-operation \
                pull-request-url
                """),
        KnownAction(
            "pypa/gh-action-pypi-publish", refs: "release/v1",
            inputs: """
                attestations packages-dir packages_dir~packages-dir password print-hash print_hash~print-hash \
                repository-url repository_url~repository-url skip-existing skip_existing~skip-existing user \
                verbose verify-metadata verify_metadata~verify-metadata
                """),
        KnownAction(
            "release-drafter/release-drafter", refs: "v6 v7",
            inputs: """
                commitish config-name disable-autolabeler disable-releaser dry-run filter-by-range footer header \
                include-pre-releases initial-commits-since latest name prerelease prerelease-identifier publish \
                tag token version
                """,
            outputs: """
                body html_url id major_version minor_version name patch_version resolved_version tag_name \
                upload_url
                """),
        KnownAction(
            "reviewdog/action-actionlint", refs: "v1",
            inputs: """
                actionlint_flags fail_level fail_on_error~fail_level filter_mode github_token level reporter \
                reviewdog_flags tool_name
                """),
        KnownAction(
            "rhysd/action-setup-vim", refs: "v1",
            inputs: "configure-args neovim token version", outputs: "executable vim-dir"),
        KnownAction(
            "ruby/setup-ruby", refs: "v1",
            inputs: """
                bundler bundler-cache cache-version ruby-version rubygems self-hosted token windows-toolchain \
                working-directory
                """, outputs: "ruby-prefix"),
        KnownAction(
            "shivammathur/setup-php", refs: "v2",
            inputs: "coverage extensions github-token ini-file ini-values php-version php-version-file tools",
            outputs: "php-version"),
        KnownAction(
            "softprops/action-gh-release", refs: "v2",
            inputs: """
                append_body body body_path discussion_category_name draft fail_on_unmatched_files files \
                generate_release_notes make_latest name overwrite_files prerelease preserve_order previous_tag \
                repository tag_name target_commitish token working_directory
                """, outputs: "assets id upload_url url"),
        KnownAction(
            "subosito/flutter-action", refs: "v2",
            inputs: """
                architecture cache cache-key cache-path channel dry-run flutter-version flutter-version-file \
                git-source pub-cache pub-cache-key pub-cache-path
                """,
            outputs: """
                ARCHITECTURE CACHE-HIT CACHE-KEY CACHE-PATH CHANNEL GIT_SOURCE PUB-CACHE-HIT PUB-CACHE-KEY \
                PUB-CACHE-PATH VERSION
                """),
        KnownAction(
            "Swatinem/rust-cache", refs: "v2",
            inputs: """
                add-job-id-key add-rust-environment-hash-key cache-all-crates cache-bin cache-directories \
                cache-on-failure cache-provider cache-targets cache-workspace-crates cmd-format env-vars key \
                lookup-only prefix-key save-if shared-key workspaces
                """, outputs: "cache-hit"),
    ]
}
