"""The parse receipt: where every character of a source went, what looks odd, and what was a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from index.account import KINDS, Account
from index.clause import Clause
from index.files.sheet import Reading


@dataclass(frozen=True, slots=True)
class Receipt:
    """Account of one parsed file. `totals` adds up to `characters`."""

    characters: int
    totals: dict[str, int]
    """Characters per entry: clause, heading, noise:page_number …"""
    unclassified: int
    """Visible characters that no rule claimed; 0 unless the parser has a bug."""
    clauses: int
    gaps: tuple[str, ...]
    doubts: tuple[str, ...]
    noise: tuple[tuple[str, int, str], ...]
    """(name, offset, text) of everything visible that was set aside."""
    removed: tuple[tuple[str, int, str], ...] = ()
    """(kind, page, text) of what stands on the pages and is not the document's text; page 0 where there is none."""
    recognised: int = 0
    """Characters that were recognised from pictures."""
    low: tuple[tuple[int | None, str, float], ...] = ()
    """(page, words with the doubtful ones in 【】, confidence 0..1) for a person to compare with the picture."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        account: Account,
        clauses: tuple[Clause, ...],
        gaps: list[str],
        doubts: list[tuple[int, str]],
        loose: list[str],
        reading: Reading | None = None,
    ) -> Receipt:
        """Close the books: also checks that a clause's characters are those entered as clause."""
        totals = account.totals()
        owners = [0] * len(account.source)
        for clause in clauses:
            for offset, character in zip(clause.offsets, clause.text, strict=True):
                if not character.isspace():
                    owners[offset] += 1
        twice = sum(n > 1 for n in owners)
        orphans = sum(
            entry == "clause" and not owners[i] and not account.source[i].isspace()
            for i, entry in enumerate(account.entries)
        )
        lines = [f"第 {offset} 字符：{what}" for offset, what in doubts] + loose
        if twice or orphans:
            lines.append(f"账目不平：{twice} 个字符属于两个条款，{orphans} 个条款字符没有归属")
        noise = tuple(
            (entry.removeprefix("noise:"), start, account.source[start:end])
            for start, end, entry in account.spans("noise")
            if entry != "noise:space"
        )
        reading = reading or Reading(account.source)
        return cls(
            characters=len(account.source),
            totals=totals,
            unclassified=totals.get("noise:unclassified", 0) + orphans,
            clauses=len(clauses),
            gaps=tuple(gaps),
            doubts=tuple(lines),
            noise=noise,
            removed=tuple((r.kind, r.page, r.text) for r in reading.removed),
            recognised=len(reading.recognised),
            low=tuple(
                (reading.page_at(r.start), _shown(reading.text, r.start, r.end), r.confidence) for r in reading.low()
            ),
            warnings=reading.warnings,
        )

    @property
    def coverage(self) -> float:
        """Share of characters with exactly one named kind, 0..1."""
        return 1 - self.unclassified / self.characters if self.characters else 1.0

    def by_kind(self) -> dict[str, int]:
        """Characters of each of the six kinds."""
        sums = dict.fromkeys(KINDS, 0)
        for entry, count in self.totals.items():
            sums[entry.split(":")[0]] += count  # type: ignore[index]
        return {str(k): v for k, v in sums.items()}

    def to_json(self) -> dict[str, Any]:
        """The receipt as a record."""
        return {
            "characters": self.characters,
            "coverage": self.coverage,
            "kinds": self.by_kind(),
            "entries": self.totals,
            "clauses": self.clauses,
            "gaps": list(self.gaps),
            "doubts": list(self.doubts),
            "noise": [{"name": n, "start": s, "text": t} for n, s, t in self.noise],
            "removed": [{"kind": k, "page": p or None, "text": t} for k, p, t in self.removed],
            "recognised": self.recognised,
            "low_confidence": [{"page": p, "text": t, "confidence": c} for p, t, c in self.low],
            "warnings": list(self.warnings),
        }

    def lines(self) -> list[str]:
        """The receipt for a terminal, in Chinese."""
        names = {
            "clause": "条款",
            "heading": "标题与编号",
            "footnote": "脚注",
            "department": "责任部门",
            "metadata": "文件信息",
            "noise": "版面杂项",
        }
        out = [
            f"共 {self.characters:,} 字符，{self.clauses} 条条款，归类 {self.coverage:.2%}（未归类 {self.unclassified} 字符）"
        ]
        out += [f"  {names[kind]:<6}{count:>8,}" for kind, count in self.by_kind().items()]
        out += [f"    {entry:<24}{count:>6,}" for entry, count in self.totals.items() if ":" in entry]
        for name, rows in (("编号问题", self.gaps), ("存疑的修复", self.doubts)):
            out.append(f"{name}：{len(rows)} 处" if rows else f"{name}：无")
            out += [f"  {row}" for row in rows]
        out += [f"注意：{warning}" for warning in self.warnings]
        if self.removed:
            out.append(f"不是正文、没有收录的文字：{len(self.removed)} 处")
            out += [f"  {_REMOVED.get(k, k)}{f'（第 {p} 页）' if p else ''}：{t[:80]}" for k, p, t in self.removed]
        if self.recognised:
            out.append(f"识别出的文字：{self.recognised:,} 字符；把握不足、请对照原件：{len(self.low)} 处")
            out += [f"  第 {page} 页（{sure:.2f}）：{text}" for page, text, sure in self.low]
        return out


_REMOVED = {
    "header": "页眉", "footer": "页脚", "page_number": "页码", "navigation": "网页导航", "hidden": "隐藏文字",
    "stamp": "印章", "watermark": "水印",
}  # fmt: skip


def _shown(text: str, start: int, end: int) -> str:
    """Doubtful characters in the words around them."""
    before = text[max(start - 12, 0) : start].rpartition("\n")[2]
    after = text[end : end + 12].partition("\n")[0]
    return f"{before}【{text[start:end]}】{after}".strip()
