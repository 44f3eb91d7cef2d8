"""Which documents a document says hold longer than they state themselves: 《X》有效期延长至2028年12月31日."""

from __future__ import annotations

import re

from index.clause import Relation
from index.dates import iso_date
from index.quoted import without_quotes
from index.relations import FOLLOWED, NAME, unsure

_TERM = r"(?:有效期限?|(?:施行|实施|执行|适用)(?:期限?|时间))"
_LONGER = r"(?:延长|延续|顺延|延期|续期|展期)"
_END = r"(?:至|到)\s*(?P<end>(?:19|20)\d{2}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日)"
_YEARS = r"(?P<years>[一二两三四五六七八九十]|\d{1,2})\s*年"
_UNTIL = rf"(?:{_END}|{_YEARS})(?=止|[。；;，,（(）)\s]|$)"
_NAMED = rf"(?P<names>(?:(?:{NAME})\s*[、，,和及与]?\s*){{1,30}}+)"
_GAP = r"(?:\s*[，,]?\s*(?:经[^，,。；;《》]{1,16}|需?要?继续(?:执行|实施|施行|有效)|现|决定|予以)){0,4}+[，,]?\s*将?(?:的|其)?"
"""What may stand between a name and its term; 《X》认定的企业，其资格有效期 is the term of something else."""
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 《X》（文号）经评估需继续实施，有效期延长至2028年12月31日 / 《X》继续执行，有效期至…
        rf"{_NAMED}{_GAP}{_TERM}[^。；;，,《》]{{0,8}}?{_LONGER}\s*(?:{_UNTIL})",
        rf"{_NAMED}{_LONGER}(?:执行|实施|施行)?\s*(?:{_UNTIL})",
        rf"{_NAMED}继续(?:有效|执行|施行|实施)[，,]?\s*(?:{_TERM})?\s*{_END}",
        rf"{_LONGER}\s*{_NAMED}的?{_TERM}\s*(?:{_UNTIL})",
    )
)
_TITLE = re.compile(
    rf"关于{_LONGER}(?P<names>(?:{NAME}\s*[、，,和及与]?\s*){{1,30}}+)[^《》]{{0,12}}{_TERM}[^《》]{{0,4}}的(?:通知|决定|公告|通告)"
)
_TERM_ENDS = re.compile(rf"{_TERM}[^。；;《》]{{0,8}}?{_LONGER}?\s*(?:{_UNTIL})")
_DIGITS = {"两": 2, **{sign: number for number, sign in enumerate("一二三四五六七八九十", 1)}}
_TARGET = re.compile(NAME)


def read_extensions(text: str, title: str) -> tuple[Relation, ...]:
    """Relations of kind `extends` that a document states, each once.

    Args:
        text: the document's text, its paragraphs parted by line feeds.
        title: its own title; 关于延长《X》有效期的通知 names what its text need not name again.
    """
    found: dict[str, Relation] = {}
    plain = without_quotes(text)
    for sentence in re.findall(r"[^。\n]+。?", plain):
        if "期" not in sentence and "继续" not in sentence and "延" not in sentence:
            continue
        for pattern in _PATTERNS:
            for m in pattern.finditer(sentence):
                if not unsure(sentence, m.start()) and not FOLLOWED.search(sentence[: m.start()]):
                    _keep(found, m["names"], _end(m), sentence.strip())
    if (named := _TITLE.search(title.replace("〈", "《").replace("〉", "》"))) and not found:
        ends = next((m for m in _TERM_ENDS.finditer(plain) if not unsure(plain, m.start())), None)
        if ends:
            _keep(found, named["names"], _end(ends), title)
    return tuple(found.values())


def _keep(found: dict[str, Relation], names: str, end: str, said: str) -> None:
    for m in _TARGET.finditer(names):
        target = re.sub(r"\s+", "", m.group(0))
        if end:
            found.setdefault(target, Relation("extends", target, end, said))


def _end(m: re.Match[str]) -> str:
    """The new last day (ISO), or `+5` for five years more; "" when it is no day of the calendar."""
    groups = m.groupdict()
    if groups.get("end"):
        return iso_date(groups["end"])
    years = groups.get("years") or ""
    return f"+{_DIGITS.get(years) or int(years)}" if years else ""


def years_later(day: str, years: str) -> str:
    """A day (ISO) so many years later (`+5`); "" when there is none. 29 February becomes the 28th."""
    if not day:
        return ""
    later = f"{int(day[:4]) + int(years):04d}{day[4:]}"
    return later if iso_date(later) or not later.endswith("02-29") else f"{later[:-2]}28"
