"""An index build in the terminal: a bar while it works, and what it did."""

from __future__ import annotations

import sys
from typing import Any

from index.report import Outcome, Report

OUTCOMES: dict[Outcome, str] = {
    "added": "新增", "updated": "更新", "unchanged": "未变", "removed": "移除", "rejected": "未收录",
}  # fmt: skip


class IndexBar:
    """A bar on stderr; silent when nothing has to be embedded, and where nobody looks (cron sends what it reads)."""

    def __init__(self, documents: int, clauses: int, passages: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=passages,
            desc=f"{documents} 份文件 {clauses} 条条款",
            unit="段",
            file=sys.stderr,
            disable=True if passages == 0 else None,
            bar_format="{desc} |{bar}| {n_fmt}/{total_fmt} 段，剩余 {remaining}",
        )

    @classmethod
    def started(cls, documents: int, clauses: int, passages: int) -> IndexBar:
        """For `build_index(bar=…)`."""
        return cls(documents, clauses, passages)

    def update(self, n: int) -> None:
        """So many more passages are done."""
        self._bar.update(n)
        if self._bar.n >= (self._bar.total or 0):
            self._bar.close()


def rows_of(report: Report) -> list[str]:
    """What a person should know of single files, a line each."""
    lines = []
    for row in report.rows:
        if row.outcome == "rejected":
            lines.append(f"未收录 {row.file}：{row.reason}")
        if row.outcome == "removed":
            lines.append(f"移除 {row.file}：文件已删除")
        if row.doubts:
            lines.append(f"{row.file}：识别存疑 {row.doubts} 处，请对照原件：`wence parse --coverage {row.file}`")
    return lines


def summary_of(report: Report) -> str:
    """What a build did, in one line."""
    counts = "，".join(f"{name} {report.count(outcome)}" for outcome, name in OUTCOMES.items())
    resumed = f"，接着上次没做完的 {report.resumed} 个" if report.resumed else ""
    return (
        f"{counts}；索引共 {report.documents} 份文件、{report.clauses} 条条款"
        f"（本次新算向量 {report.embedded} 个{resumed}）"
    )


class Steadily:
    """A bar on stderr for work whose size may be known only once it has begun; time left is shown."""

    def __init__(self, doing: str, unit: str, total: int = 0) -> None:
        self._doing, self._unit, self._total = doing, unit, total
        self._bar: Any = None

    def __enter__(self) -> Steadily:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def reach(self, done: int, total: int) -> None:
        """So many of so many are done."""
        if self._bar is None:
            from tqdm import tqdm

            shape = "{desc} |{bar}| {n_fmt}/{total_fmt} {unit}，剩余 {remaining}"
            self._bar = tqdm(total=total, desc=self._doing, unit=self._unit, file=sys.stderr, bar_format=shape)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()

    def add(self, count: int) -> None:
        """So many more are done, of the total given."""
        self.reach((self._bar.n if self._bar is not None else 0) + count, self._total)
