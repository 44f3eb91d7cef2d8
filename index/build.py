"""Files to a searchable index: incremental by content, built beside the old one, swapped in one step.

Vectors of passages whose text did not change are taken over from the current generation, so adding one
document embeds that document only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from index.card import is_card, renew_cards
from index.encode import Encoder
from index.errors import IndexDamagedError, InputError
from index.generation import clear_leftovers, locked, make_current, written_anew
from index.holdings import Holdings, holdings_of
from index.intake import files_at, take_in, take_out_deleted
from index.readings import Readings
from index.report import Report, Row
from index.server_collections import drop_old_collections
from index.unfinished import discard, unfinished
from index.writing import Progress, write_generation


def build_index(
    home: Path,
    paths: Sequence[Path],
    encoder: Encoder,
    *,
    place: str = "",
    rebuild: bool = False,
    without: Sequence[Path] = (),
    wanted: Callable[[Path], bool] | None = None,
    readings: Readings | None = None,
    bar: Callable[[int, int, int], Progress] | None = None,
) -> Report:
    """Add or update documents.

    Args:
        home: WENCE_HOME; the index lives below it.
        paths: files, or folders that are searched for text files; a folder's catalog.toml is used. Documents
            read earlier from a folder given here whose file has been deleted leave the index.
        encoder: makes the vectors; its name and dimension go into the stamp.
        place: keep vectors on this server or in this Milvus file (`index.store`); "" keeps them in the generation's
            folder.
        rebuild: compute everything again. With paths the index then holds these only; without, every
            document of the index is read again from its file.
        without: files whose documents leave the index in the same step, there or not; when one of `paths` is
            rejected, they stay and nothing is written.
        wanted: of the files at `paths`, only these are looked at (`index.changes`); the others stay as the index has
            them, there or not. None looks at all.
        readings: reads the files, where somebody has read them before; None reads them anew.
        bar: called with (documents, clauses, passages to embed), returns what shows progress.

    Returns:
        A report with one row a file. When nothing changed, no new generation is made.

    Raises:
        InputError: a path or catalog is unusable (single unreadable files are rejected in the report).
        IndexDamagedError: documents of the current index can neither be taken over nor read again.
        StorageError: the disk refuses; the current index is left as it was.
        SearchError: the Chroma server does not answer; the current index is left as it was.
    """
    with locked(home):
        keeper = readings or Readings(home)
        return _build(home, paths, encoder, place, rebuild, without, wanted or (lambda _: True), keeper, bar)


def _build(
    home: Path, paths: Sequence[Path], encoder: Encoder, url: str, rebuild: bool, without: Sequence[Path],
    wanted: Callable[[Path], bool], readings: Readings, bar: Callable[..., Progress] | None,
) -> Report:  # fmt: skip
    report = Report()
    clear_leftovers(home)
    old = Holdings() if rebuild and paths else holdings_of(home, encoder, url, rebuild)
    entries = old.entries
    leaving = {str(path.resolve()) for path in without}
    for name in [name for name, entry in entries.items() if entry.noted["path"] in leaving]:
        report.rows.append(Row(entries.pop(name).noted["path"], "removed"))
    old.reread = [file for file in old.reread if str(file) not in leaving]
    for path in paths:
        if path.is_dir():
            report.rows += take_out_deleted(path, entries, wanted)
    for file in old.reread:
        row = take_in(file, dict(files_at(file))[file], entries, readings)
        if row.outcome == "rejected":
            raise IndexDamagedError(f"索引里的文件要重新解析，但读不了：{row.reason}；请修好该文件后再试")
        report.rows.append(replace(row, outcome="updated"))
    again = {file.resolve() for file in old.reread}
    for path in paths:
        for file, catalog in files_at(path):
            if file.resolve() not in again and wanted(file):
                report.rows.append(take_in(file, catalog, entries, readings))
                again.add(file.resolve())
    refused = [row.reason for row in report.rows if row.outcome == "rejected"]
    if without and refused:
        raise InputError(f"{refused[0]}；原有索引未受影响")
    if not entries:
        reasons = "；".join(f"{r.file}：{r.reason or '文件已删除'}" for r in report.rows[:3])
        raise InputError(f"没有可以建立索引的文件（{reasons}）；原有索引未受影响")
    renew_cards([(e.document, e.clauses) for e in entries.values()])
    report.documents = len(entries)
    report.clauses = sum(not is_card(c) for e in entries.values() for c in e.clauses)
    if old.current and not any(report.count(o) for o in ("added", "updated", "removed")):
        discard(home)
        readings.discard()
        return report
    try:
        with unfinished(home, encoder) as begun, written_anew(home) as folder:
            write_generation(home, folder, entries, old, encoder, url, begun, report, bar)
            make_current(home, folder)
        readings.discard()
    finally:
        if old.store:
            old.store.close()
    if url:
        drop_old_collections(url, home)
    return report
