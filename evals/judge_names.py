"""Offices, places, cities, quoted names and document numbers that the evidence does not know, or knows otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from evals.judge_pairs import Pair
from evals.judge_reading import Word, pairs_of, words
from evals.judge_wording import CITY_NAMES, EXPLAINED, explained, wording
from index.regions import DISTRICTS

_OFFICE = re.compile(
    r"(?:市委|市|省|国家|上海|深圳|中国|广东|前海|河套)[\u4e00-\u9fff]{0,10}?"
    r"(?:委员会|委办|委(?![托员派])|局(?![面部限])|办(?![理法公学企事好一])|厅|署(?!名)|海关|科协|宣传部)"
    r"|各区(?:政府)?|[\u4e00-\u9fff]{2}区政府"
)
_LEADS = re.compile(
    r"(?:由|是|为)?([^,。;由是为]{2,24}?)(?:来|负责)?(?<!不)(?:牵头|总牵头|主导实施)|牵头(?:单位|部门)?(?:是|为|有|:)([^,。;]{2,40})"
)
_NAMED_TO_ACT = r"(?:由|归|向|责任单位[^,。;]{0,30}|牵头[^,。;]{0,6})"
_ACTS = r"(?:来|直接|单独|统一)?(?:牵头|负责|组织|审|批|发|给|拨|承担|主管|设立)"
_LEAD_UNIT = re.compile(
    r"([\u4e00-\u9fff]{2,12}?)(?:是|为|作为)[^,。;]{0,24}牵头(?:单位|部门)|由([\u4e00-\u9fff]{2,12}?)牵头|([\u4e00-\u9fff]{2,12}?)牵头"
)
_LEADING = re.compile(r"[(]([^()。;]*?)牵头")
_SUPPORTED_BY = re.compile(r"([\u4e00-\u9fff]{2,12}?)(?:来)?(?:配合|参与|协助|按职责分工)")
_QUOTED = re.compile(r"[“\"《「]([^”\"》」]{2,40})[”\"》」]")
_NUMBERED = re.compile(r"(\d+)号")
_PILOT = re.compile(r"在([^,。;]{2,14}?)(?:等(?:地|区|地区))?(?:试点|推广|加快)")
_ENDINGS = "区县镇乡省市州港湾岛"
"""What jieba takes for a place is one when it ends so; it also takes 扎堆 for one."""
_TITLE_PARTS = re.compile(r"^(?:由|市|省|区|上海市?|深圳市?)|(?:委员会|委|局|办|厅)$")


def names_of(pair: Pair) -> dict[str, float]:
    """Names that the evidence does not know; `pair.found` is told which."""
    text = pair.text
    offices, known = _OFFICE.findall(pair.claim), _OFFICE.findall(text)
    foreign = [o for o in offices if not _known(o, known, text)]
    acting = [o for o in foreign if _acts(o, pair.claim)]
    quoted = _QUOTED.findall(pair.claim)
    unknown = [q for q in quoted if q not in text and fuzz.partial_ratio(q, text) < 90]
    numbers, told = _NUMBERED.findall(pair.claim), _NUMBERED.findall(text)
    others = [n for n in numbers if told and n not in told]
    pair.found |= {
        "office_acting": "".join(acting[:1]), "quote_missing": "".join(unknown[:1]), "number_wrong": "".join(others[:1]),
    }  # fmt: skip
    places = _places(pair)
    anchors = [a for a in (*offices, *quoted, *places) if a in text]
    return {
        "office_acting": float(len(acting)),
        "quote_missing": float(len(unknown)),
        "number_wrong": float(bool(others)),
        "anchor_shift": max((_anchor_shift(a, pair) for a in anchors), default=0.0),
        **_leads(pair),
        **_regions(pair, places),
    }


def _acts(office: str, claim: str) -> bool:
    name = re.escape(office)
    return bool(re.search(_NAMED_TO_ACT + name, claim) or re.search(name + _ACTS, claim))


def _leads(pair: Pair) -> dict[str, float]:
    """Whether the claim lets an office lead that the evidence does not."""
    leads = [g for m in _LEADS.finditer(pair.claim) for g in m.groups() if g and "不牵头" not in pair.claim]
    offices = [o for g in leads for o in _OFFICE.findall(g)]
    text = pair.text
    stated = "牵头" in text
    led = "".join(text[: m.end()].split("。")[-1] for m in re.finditer("牵头", text))
    wrong = [o for o in offices if stated and not _known(o, _OFFICE.findall(led), led)]
    supports = _supporting(text)
    named = (
        []
        if "不牵头" in pair.claim
        else [g for m in _LEAD_UNIT.finditer(pair.claim) for g in m.groups() if g] + offices
    )
    wrong += [
        o
        for g in named
        for o in (_OFFICE.findall(g) or [g])
        if stated and any(o == s or o in s for s in supports) and o not in _leaders(text)
    ]
    leading = _leaders(text)
    wrong += [g for g in _SUPPORTED_BY.findall(pair.claim) if leading and g in leading and g not in supports]
    pair.found |= {"lead_wrong": "".join(wrong[:1]), "lead_unstated": "".join(offices[:1])}
    return {"lead_unstated": float(bool(offices) and not stated), "lead_wrong": float(bool(wrong))}


def _leaders(text: str) -> list[str]:
    """Names before 牵头 in a bracket of departments."""
    return [n for m in _LEADING.finditer(text) for n in re.split("[、,]", m[1]) if n]


def _supporting(text: str) -> list[str]:
    """Names before 按职责分工落实, 配合 or 参与 in a bracket of departments that also names who leads."""
    return [
        n for m in re.finditer(r"牵头;([^;。)]*?)(?:按职责分工|配合|参与|协助)", text) for n in re.split("[、,]", m[1])
    ]


def _places(pair: Pair) -> list[str]:
    """Places smaller than a city that the claim names."""
    tagged = {
        w.text.removesuffix("区")
        for w in words(pair.claim)
        if w.tag in ("ns", "nsf") and w.text[-1] in _ENDINGS and w.text.removesuffix("市") not in CITY_NAMES
    }
    return sorted(tagged | {p for parts in DISTRICTS.values() for p in parts if p in pair.claim})


def _regions(pair: Pair, places: Sequence[str]) -> dict[str, float]:
    """Cities, and places inside a city."""
    text = pair.text
    implied = "".join(city[:2] for city, parts in DISTRICTS.items() if any(p in text for p in parts))
    implied += text + ("上海" if re.search("[在来]沪", text) else "")
    cities = [c for c in CITY_NAMES if c in pair.claim and c not in implied]
    turned = bool(cities) and any(c in implied for c in CITY_NAMES)
    missing = [p for p in places if p not in text and explained(Word(p, "ns", 0), text) < EXPLAINED]
    pilots = [p for found in _PILOT.findall(pair.grounds) for p in found.split("、")]
    pair.found |= {
        "city_turned": "".join(cities[:1]), "place_missing": "".join(missing[:1]), "place_left": "、".join(pilots),
    }  # fmt: skip
    return {
        "city_turned": float(turned),
        "place_missing": float(bool(missing)),
        "place_left": float(bool(pilots) and not any(p[:2] in pair.claim for p in pilots)),
    }


def _anchor_shift(anchor: str, pair: Pair) -> float:
    """Share of a named thing's own statement that the evidence has only in statements without that name."""
    clauses = [c for s in pair.sentences if not s.startswith("(") for c in re.split("[;。]", s)]
    homes = [pairs_of(c) for c in clauses if anchor in c]
    if not homes:
        return 0.0
    worst, everything = 0.0, "".join(clauses)
    for statement in pair.statements:
        if anchor in statement:
            known = {p for p in pairs_of(statement.replace(anchor, "|")) if p in everything}
            if len(known) > 2:
                worst = max(worst, min(len(known - home) / len(known) for home in homes))
    return worst


def _known(name: str, known: Sequence[str], text: str) -> bool:
    """Whether the evidence names an office, also by a shorter or longer name: 市经信委, 市经济信息化委."""
    if name in text or any(s in text for s in wording().same.get(name, ())):
        return True
    stem = _TITLE_PARTS.sub("", name)
    for other in known:
        short, long = sorted((stem, _TITLE_PARTS.sub("", other)), key=len)
        if len(short) >= 2 and short[0] == long[0] and re.search(".*".join(map(re.escape, short)), long):
            return True
    return False
