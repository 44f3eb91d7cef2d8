"""Counters of one server in Prometheus' format. The only file that touches prometheus_client."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)  # fmt: skip
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import Response

from assistant.answer import Recorder
from index.live import LiveIndex

disable_created_metrics()  # a time of birth for each counter doubles the page and tells nothing
SECONDS = (0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160)


class _Lost(Collector):
    def __init__(self, records: Recorder) -> None:
        self._records = records

    def collect(self) -> Iterator[Metric]:
        """One counter and one gauge, read when they are asked for."""
        lost = CounterMetricFamily("wence_records_lost", "Answers and ratings that could not be kept")
        lost.add_metric([], self._records.lost)
        yield lost
        failing = 1 if self._records.trouble else 0
        yield GaugeMetricFamily("wence_records_failing", "1 when the last one could not be kept", value=failing)


class _Behind(Collector):
    def __init__(self, index: LiveIndex) -> None:
        self._index = index

    def collect(self) -> Iterator[Metric]:
        """Which index answers, and whether a newer one could not be taken on."""
        named = GaugeMetricFamily("wence_index", "The index that answers, by its version", labels=["version"])
        named.add_metric([self._index.now().version], 1)
        yield named
        behind = 1 if self._index.trouble else 0
        yield GaugeMetricFamily("wence_index_behind", "1 when a newer index could not be taken on", value=behind)


class Metrics:
    """What is counted. Labels hold no words of any asker."""

    def __init__(self) -> None:
        self._all = all_ = CollectorRegistry()
        ProcessCollector(registry=all_)
        PlatformCollector(registry=all_)
        self.requests = Counter("wence_requests", "HTTP requests", ["route", "status"], registry=all_)
        self.answers = Counter("wence_answers", "Answers made", ["mode", "outcome", "site"], registry=all_)
        self.refused = Counter("wence_refused_requests", "Requests turned away", ["reason"], registry=all_)
        self.feedback = Counter("wence_feedback", "Ratings received", ["rating"], registry=all_)
        self.inside = Gauge("wence_answers_in_progress", "Answers being made or waiting", registry=all_)
        self.evidence = Histogram(
            "wence_first_evidence_seconds", "Question to first evidence", buckets=SECONDS, registry=all_
        )
        self.answered = Histogram("wence_answer_seconds", "Question to whole answer", buckets=SECONDS, registry=all_)

    def watch(self, records: Recorder) -> None:
        """Count the answers and ratings that `records` could not keep."""
        self._all.register(_Lost(records))

    def follow(self, index: LiveIndex) -> None:
        """Say which index answers."""
        self._all.register(_Behind(index))

    def page(self, site: str | None = None) -> Response:
        """All of it, as Prometheus reads it; with `site`, the rows of other sites are left out."""
        text = generate_latest(self._all).decode()
        if site is not None:
            own = f'site="{site}"'
            text = "".join(line for line in text.splitlines(keepends=True) if "site=" not in line or own in line)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
