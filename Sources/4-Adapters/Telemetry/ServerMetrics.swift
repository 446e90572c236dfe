// SPDX-License-Identifier: Apache-2.0

/// The metrics of Martlet's server: all that there are. `docs/operating/metrics.md` explains them; the dashboard and
/// the alerts beside it use their names.
package enum ServerMetrics {
    // MARK: runs and jobs
    package static let runsStarted = CounterMetric(
        "martlet_runs_started_total", "Run attempts that began, by what started them.", labels: ["trigger"])
    package static let runsFinished = CounterMetric(
        "martlet_runs_finished_total", "Run attempts that ended, by what started them and how they ended.",
        labels: ["trigger", "conclusion"])
    package static let runSeconds = HistogramMetric(
        "martlet_run_duration_seconds", "From the start of a run attempt to its end.", buckets: .jobs,
        labels: ["conclusion"])
    /// `state`: `queued` (waits for a runner), `waiting` (for an approval, a group or other jobs), `running`.
    package static let jobs = GaugeMetric(
        "martlet_jobs", "Jobs that are not finished, by their state and the label that they ask for.",
        labels: ["state", "label"])
    package static let jobsFinished = CounterMetric(
        "martlet_jobs_finished_total", "Job attempts that ended, by how they ended.", labels: ["conclusion"])
    package static let jobSeconds = HistogramMetric(
        "martlet_job_duration_seconds", "From the start of a job attempt on its runner to its end.", buckets: .jobs,
        labels: ["conclusion"])
    package static let queueSeconds = HistogramMetric(
        "martlet_job_queue_wait_seconds", "From when a job could run to when a runner took it.", buckets: .waits,
        labels: ["label"])

    // MARK: runners
    /// `state`: `online`, `offline`.
    package static let runners = GaugeMetric(
        "martlet_runners", "Runners that are registered, by group and whether they were heard of lately.",
        labels: ["group", "state"])
    package static let runnerCapacity = GaugeMetric(
        "martlet_runner_capacity_jobs", "How many jobs the online runners of a group can run at once.",
        labels: ["group"])
    package static let runnerBusy = GaugeMetric(
        "martlet_runner_busy_jobs", "How many jobs the runners of a group run.", labels: ["group"])
    package static let runnersLost = CounterMetric(
        "martlet_runners_lost_total", "Runners that went silent while they were online.", labels: ["group"])
    /// `outcome`: `queued_again` where no step had begun, `job_failed` where one had.
    package static let leasesLost = CounterMetric(
        "martlet_leases_lost_total", "Jobs whose runner went silent, by what became of the job.", labels: ["outcome"])

    // MARK: forges and hooks
    /// `outcome`: `accepted`, `known`, `ignored`, `refused`, `failed`.
    package static let webhooks = CounterMetric(
        "martlet_webhooks_total", "Webhooks that came in, by forge and what was done with them.",
        labels: ["forge", "outcome"])
    /// `outcome`: `delivered`, `retried`, `given_up`.
    package static let deliveries = CounterMetric(
        "martlet_deliveries_total", "Messages to forges and hooks, by their kind and what became of them.",
        labels: ["kind", "outcome"])

    // MARK: HTTP
    package static let requests = CounterMetric(
        "martlet_http_requests_total", "Requests that were answered, by route, method and class of status.",
        labels: ["route", "method", "status"], seriesLimit: 1000)
    package static let requestSeconds = HistogramMetric(
        "martlet_http_request_duration_seconds", "From a request's head to the last byte of its answer.",
        buckets: .requests, labels: ["route", "method"], seriesLimit: 400)
    package static let followers = GaugeMetric(
        "martlet_event_stream_followers", "Open connections that follow events or logs.")

    // MARK: storage
    package static let logBytes = CounterMetric(
        "martlet_log_received_bytes_total", "Bytes of logs that runners sent and that were stored.")
    /// `outcome`: `stored`, `conflict`, `fenced`, `failed`.
    package static let journalAppends = CounterMetric(
        "martlet_journal_appends_total", "Appends to the journal, by what came of them.", labels: ["outcome"])
    package static let journalSeconds = HistogramMetric(
        "martlet_journal_commit_duration_seconds", "How long a commit of the journal took, to the disk.",
        buckets: .commits)

    /// `kind`: `run`, `logs`, `workspace`, `stream`, `artifact`, `cache`.
    package static let removed = CounterMetric(
        "martlet_removed_total", "What was removed as the rules of retention say, by its kind.", labels: ["kind"])
    package static let freedBytes = CounterMetric(
        "martlet_freed_bytes_total", "Bytes of files that were removed as the rules of retention say.")
    package static let diskFree = GaugeMetric(
        "martlet_disk_free_bytes", "Bytes that are free on the disk of the server's folder.")

    // MARK: telemetry itself
    package static let spansSent = CounterMetric("martlet_trace_spans_sent_total", "Spans that were taken.")
    /// `reason`: `queue_full`, `refused`, `not_delivered`.
    package static let spansDropped = CounterMetric(
        "martlet_trace_spans_dropped_total", "Spans that are lost, by why.", labels: ["reason"])
    package static let seriesOverflow = CounterMetric(
        "martlet_metric_overflow_samples_total", "Values counted in a metric's series of overflow.",
        labels: ["metric"])

    // MARK: the process
    package static let build = GaugeMetric(
        "martlet_build_info", "1; the labels say which build this is.", labels: ["version"])
    package static let processCPU = CounterMetric(
        "process_cpu_seconds_total", "Processor time of the server's process, of users and of the system.")
    package static let processMemory = GaugeMetric(
        "process_resident_memory_bytes", "Memory of the server's process that is resident.")
    package static let processAddressSpace = GaugeMetric(
        "process_virtual_memory_bytes", "Addresses of the server's process that are mapped.")
    package static let processFiles = GaugeMetric("process_open_fds", "File descriptors that are open.")
    package static let processFileLimit = GaugeMetric("process_max_fds", "File descriptors that may be open.")
    package static let processStart = GaugeMetric(
        "process_start_time_seconds", "When the server's process began, in seconds since 1970.")

    package static let all: [MetricDefinition] = [
        runsStarted.definition, runsFinished.definition, runSeconds.definition, jobs.definition,
        jobsFinished.definition, jobSeconds.definition, queueSeconds.definition, runners.definition,
        runnerCapacity.definition, runnerBusy.definition, runnersLost.definition, leasesLost.definition,
        webhooks.definition, deliveries.definition, requests.definition, requestSeconds.definition,
        followers.definition, logBytes.definition, journalAppends.definition, journalSeconds.definition,
        removed.definition, freedBytes.definition, diskFree.definition, spansSent.definition, spansDropped.definition,
        seriesOverflow.definition, build.definition,
        processCPU.definition, processMemory.definition, processAddressSpace.definition, processFiles.definition,
        processFileLimit.definition, processStart.definition,
    ]
}
