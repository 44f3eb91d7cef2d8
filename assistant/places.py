"""Cities, districts and pilot areas of a sentence against those of the clause and its document."""

from __future__ import annotations

import re

from assistant.alignment import normalise
from assistant.responsible import DEPARTMENT, ROLE
from assistant.verdict import Case, Evidence, Finding
from index.departments import trailing_bracket
from index.regions import CITIES, DISTRICTS, PROVINCES, mentioned_regions

_PLACES = sorted(
    {d for ds in DISTRICTS.values() for d in ds if d not in ("申城", "魔都", "鹏城")}
    | set(CITIES)
    | {re.sub(r"[市省]$|(?:壮族|回族|维吾尔)?自治区$|特别行政区$", "", p) for p in PROVINCES},
    key=lambda name: -len(name),
)  # fmt: skip
_PLACE = re.compile("|".join(map(re.escape, _PLACES)))
_PLACE_FALSE = re.compile(r"中山大学|北京时间|人民广场|宝安全|南山西丽")
_NATION = re.compile(r"全国(?!性|一流|人大|首)|全省|长三角地区|长三角(?!生态)|粤港澳大湾区")
NAMED = re.compile(f"{DEPARTMENT.pattern}|{_PLACE.pattern}")
"""What the checks of this module answer for, so that the alignment need not."""


def check_places(case: Case) -> list[Finding]:
    """Cities, districts and pilot areas must be the clause's own, or the document's region."""
    ground, found = case.ground, []
    regions = ground.known("region")
    bodies = [ground.text] if ROLE.search(case.claim) else [_body(e) for e in ground.evidence]
    said = "。".join([*bodies, ground.context])
    own = set(mentioned_regions(said).regions) | {r for r in regions if r != "全国"}
    clean = case.claim
    for other in (_PLACE_FALSE, DEPARTMENT):
        clean = other.sub(lambda m: "　" * len(m.group()), clean)
    for m in _PLACE.finditer(clean):
        name = m.group()
        if name in said:
            continue
        city = next(iter(mentioned_regions(name).regions), "")
        is_city = bool(city) and name == re.sub(r"[市省]$", "", city)
        if is_city and (city in own or not (regions or own)):  # plain texts that name no place: the attribution stands
            continue
        found.append(case.finding("region", *m.span(), f"条款说的不是“{name}”"))
    for m in DEPARTMENT.finditer(case.claim):
        # 深圳市人民政府办公厅: the city at the head of an office's name is a claim of its own.
        head = _PLACE.match(m.group())
        city = next(iter(mentioned_regions(head.group()).regions), "") if head else ""
        if head and city and own and city not in own and head.group() not in said:
            found.append(case.finding("region", m.start(), m.start() + head.end(), f"条款说的不是“{head.group()}”"))
    for m in _NATION.finditer(case.claim):
        if m.group()[:2] not in said:
            found.append(case.finding("region", *m.span(), f"条款没有说适用于“{m.group()}”"))
    if not found:
        found = _area_of_another(case)
    return found


def _body(evidence: Evidence) -> str:
    """Normal form of the text without a bracket of departments: 前海管理局 is no place where a clause applies."""
    bracket = trailing_bracket(evidence.text.strip())
    return normalise(evidence.text.strip()[: bracket.start] if bracket else evidence.text).text


def _area_of_another(case: Case) -> list[Finding]:
    """A place that stands in the evidence, but in a sentence other than the one spoken of."""
    for start, end in case.segments:
        part = case.claim[start:end]
        names = [m for m in _PLACE.finditer(part) if m.group() not in ("上海", "深圳")]
        if not names:
            continue
        spoken = {s.passage for s in case.aligned(start, end, 4)}
        if len(spoken) != 1:
            continue
        text = case.ground.passages[next(iter(spoken))].text
        for m in names:
            if (
                m.group() not in text
                and m.group() not in case.ground.context
                and re.search(r"在[^，。]{2,14}(?:试点|产业化|建设|地区)", text)
            ):
                return [
                    case.finding("region", start + m.start(), start + m.end(), f"“{m.group()}”在条款里说的是另一件事")
                ]
    return []
