"""Counters of one server in Prometheus' format. The only file that touches prometheus_client."""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)  # fmt: skip
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.responses import Response

disable_created_metrics()  # a time of birth for each counter doubles the page and tells nothing
SECONDS = (0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160)


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

    def page(self, site: str | None = None) -> Response:
        """All of it, as Prometheus reads it; with `site`, the rows of other sites are left out."""
        text = generate_latest(self._all).decode()
        if site is not None:
            own = f'site="{site}"'
            text = "".join(line for line in text.splitlines(keepends=True) if "site=" not in line or own in line)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
