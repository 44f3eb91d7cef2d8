"""What a document does to single clauses of others: repeals, replaces or changes them; read from its own words.

    《X》第五条至第八条同时废止   删去第十条   将第九条修改为：“…”   第九条第一款中的“A”修改为“B”   第十二条增加一款：“…”

The document meant stands beside the place, in a heading above, in a sentence that announces changes, or in the title.
New wording stands in quotes and is set aside first: what it says of other documents is not said by this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.clause import Amendment, Done
from index.numerals import parse_ordinal
from index.quoted import FILL, without_quotes
from index.relations import (
    CASE,
    COVERED,
    CUT,
    ENDED,
    FOLLOWED,
    LATER,
    NAME,
    NEAR,
    TELLS,
    day_of,
    orders,
    plain_title,
    stated_day,
    title_of,
    unsure,
)

_NUM = r"[零〇○一二三四五六七八九十百千两\d]{1,7}"
_NUMS = rf"{_NUM}(?:\s*、\s*第?\s*{_NUM}){{0,20}}"
_ITEMS = rf"(?:[（(]\s*{_NUM}\s*[）)](?:\s*[、和]\s*第?\s*[（(]\s*{_NUM}\s*[）)]){{0,20}}|{_NUMS})"
"""第（一）、（二）项; 第一、二款: several parts under one word."""
_BELOW = rf"(?:第\s*{_NUMS}\s*款(?:\s*第?\s*{_ITEMS}\s*项)?|第?\s*(?=[（(]){_ITEMS}\s*项|第\s*{_NUMS}\s*项)(?:第\s*{_NUM}\s*目)?"
_SEVERAL = rf"第\s*{_NUM}(?:\s*[、和]\s*{_NUM}){{1,20}}\s*条"
_PLACE = rf"第\s*{_NUM}\s*(?:条|章|节|部分)(?:\s*之\s*[一二三四五六七八九十\d]{{1,3}})?(?:{_BELOW})?"
_FROM_TO = rf"第\s*{_NUM}\s*[至到—～~-]{{1,2}}\s*第?\s*{_NUM}\s*条"
_PART = rf"(?:{_FROM_TO}|{_SEVERAL}|{_PLACE}|{_BELOW})"
_RUN = re.compile(rf"(?:{_FROM_TO}|{_SEVERAL}|{_PLACE})(?:\s*(?:以及|[、和及与至到—～~-]{{1,2}})\s*{_PART}){{0,60}}+")
"""Places that one thing is done to: 第五条、第七条第二款和第三款."""
_PARTS = re.compile(
    rf"(?P<from>第\s*(?P<low>{_NUM})\s*[至到—～~-]{{1,2}}\s*第?\s*(?P<high>{_NUM})\s*条)"
    rf"|(?P<several>{_SEVERAL})"
    rf"|第\s*(?P<number>{_NUM})\s*(?P<unit>条|章|节|部分)(?:\s*之\s*(?P<branch>[一二三四五六七八九十\d]{{1,3}}))?(?P<below>{_BELOW})?"
    rf"|(?P<only>{_BELOW})"
)
_REACHES = re.compile(r"\s*[至到—～~-]{1,2}\s*")
_WIDEST = 300
"""Articles in one range; a wider one is a slip of the pen."""
_BESIDE = re.compile(rf"(?P<name>{NAME})\s*(?:中的?|的|里的?)?\s*$")
_NEW = rf"\s*[：:]?\s*[“‘「『\"]{FILL}"
_AS = r"(?:修改|修订|修正|调整|变更|替换|改)为"
_ENDS = re.compile(
    rf"(?:的(?:全部)?(?:规定|内容|条款)|规定|全文|全条)?{LATER}(?:{ENDED}|删[去除](?=\s*(?:[。；;，,]|$))|[由被]本[^，。；;]{{1,16}}?(?:代替|替代|取代)(?=\s*(?:[。；;，,]|$)))"
)
_PARTLY_ENDS = re.compile(
    rf"中?(?P<some>(?:关于|有关|涉及|(?:规定|明确|所列)?的)[^。；;，,《》第\n{FILL}]{{0,30}}?(?:规定|内容|条款|部分|标准|政策|措施|事项|要求|补贴|补助|贴息|资助|奖励|支持))[，,]?{LATER}{ENDED}"
)
_CUT = re.compile(
    r"(?P<lead>决定|同时|一并|起[，,]?|予以|(?<=[现兹])予|现|兹)?\s*(?P<verb>废止|(?:停止|不再)(?:执行|施行|实施)|删[去除])\s*(?:以下|下列)?\s*[：:]?\s*原?\s*(?:(?:该|其|上述)[\u4e00-\u9fa5]{0,4})?$"
)
_CUT_ENDS = re.compile(r"(?:的(?:规定|内容|全部内容)|全文)?\s*(?:[，,。；;、：:（(）)]|$)")
_REPLACED = re.compile(
    rf"\s*[，,：:]?\s*(?:相应)?(?:(?:改|调整|变更)为{_PLACE}[，,]?\s*(?:并|同时)?(?:将其|内容)?)?(?:全文)?(?:{_AS}{_NEW}|{_AS}\s*[：:])"
)
_QUOTED = re.compile(rf"[^。；;\n{FILL}]{{0,40}}?{_AS}{_NEW}")
_ADDED = r"增加(?=[一二两三四五六七八九十\d]{1,2}(?:条|款|项|目|句|章|节|段)|作为|[：:]?\s*[“‘「『\"])"
_CHANGED = re.compile(
    rf"(?!{COVERED})(?:{FILL}++|[^。；;《》第\n{FILL}]|第(?=[一二三四五六七八九十\d]{{1,2}}[句段个])){{0,60}}?(?:{_AS}(?!{CASE})|{_ADDED}|{CUT}|合并(?=为|修改|调整|[，,]\s*(?:作为|修改|内容))|作[^。；，,]{{0,8}}修改(?!的)|(?:修改|调整)如下)"
)
_SET = re.compile(
    rf"(?!{COVERED})[^。；;《》第\n{FILL}]{{0,60}}?(?:提高|增加|上调|下调|降低?|减少|缩短|延长|放宽|扩大)(?:到|至|为)(?!{CASE})"
)
"""最高资助额度由100万元提高到200万元: a change where the document is about changes, elsewhere a measure."""
_NEXT_TO = re.compile(r"\s*之?[后前][^。；，,]{0,6}(?:增加|增设|新增)[^。；，,]{0,3}[条章节]")
_NEW_PLACE = re.compile(rf"(?:作为|合并为|{_AS}|增加|按照?|根据|依据|依照|参照|违反)[^，,。；;：:]{{0,24}}$")
_OWN = re.compile(r"本(?!市|省|区|县|级)[\u4e00-\u9fa5]{1,6}$")
_JOINS = re.compile(r"\s*(?:、|和|及|与|以及)\s*原?")
_WORDS = re.compile(rf"[“\"](?P<old>{FILL}{{1,40}})[”\"][^。；，,]{{0,12}}?{_AS}{_NEW}")
_ANNOUNCES = re.compile(
    rf"(?P<name>{NAME})[^。；《》]{{0,30}}?(?:(?:作|做|进行|予以)[^。；《》]{{0,10}}?(?:修改|修订|修正|调整)|(?:修改|修订|修正|调整)如下)"
)
_ALONE = re.compile(rf"\s*(?:[（(]?[一二三四五六七八九十\d]{{1,3}}[）)、.．]+)?\s*(?P<name>{NAME})\s*(?:[：:。]|$)")
"""A line that only names a document, above what is done to it."""
_HEADED = re.compile(rf"(?P<name>{NAME})")
_CHANGES = re.compile(r"修改|修订|修正|废止|失效|停止执行|清理|删去|调整")
_TITLED = re.compile(
    r"关于(?:修改|修订|修正|调整|废止|停止执行)[〈《<](?P<title>[^〈〉《》<>]+)[〉》>](?P<more>等|、|和|及|以及|[〈《<])?"
)
_SHORT = re.compile(r"以下(?:统一)?(?:简称|称)[为：:]?\s*[“《](?P<short>[^“”《》\n]{2,20})[”》]")
_FULL = re.compile(NAME)
_HINT = re.compile(
    r"修改|修订|调整|变更|改为|增加|删[去除]|废止|停止|不再|失效|替代|代替|取代|替换|提高|降低?|[上下]调|减少|缩短|延长|放宽|扩大"
)
MOST = 2_000
"""Amendments read in one document; what a person writes has hundreds."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One thing that a sentence does, and where in it; `end` is that of the places it names."""

    target: str
    done: Done
    day: str
    places: tuple[_Place, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Place:
    number: int
    branch: int = 0
    heading: bool = False
    below: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one clause of a document says."""

    path: tuple[str, ...]
    """Headings above it."""
    title: str
    """Its run-in title: 将第三条修改为 where “…” is the text."""
    text: str


def read_amendments(clauses: Sequence[Said], title: str) -> tuple[Amendment, ...]:
    """What a document does to clauses of others, in the order of its text; `title` is its own."""
    if TELLS.search(title) or not any(_HINT.search(c.title) or _HINT.search(c.text) for c in clauses):
        return ()
    m = _TITLED.search(title)
    reader = _Reader(title, f"《{m['title']}》" if m else "", single=bool(m and not m["more"]))
    # New articles may have become clauses of their own, so that a quote opens in one and closes in another.
    heads = [f"{c.title}：" if c.title else "" for c in clauses]
    texts = [head + c.text for head, c in zip(heads, clauses, strict=True)]
    plain = without_quotes("\n".join(texts))
    found: list[Amendment] = []
    at = 0
    for by, (clause, head, text) in enumerate(zip(clauses, heads, texts, strict=True)):
        for a in reader.read(by, clause.path, text, plain[at : at + len(text)]):
            found.append(replace(a, start=max(0, a.start - len(head)), end=max(0, a.end - len(head))))
            if len(found) == MOST:
                return tuple(found)
        at += len(text) + 1
    return tuple(found)


class _Reader:
    """Reads clause after clause, and knows of which document was spoken last."""

    def __init__(self, title: str, target: str, *, single: bool) -> None:
        self._title, self._own = title, plain_title(title)
        self._spoken = target
        self._single = target if single else ""
        self._amends = bool(_CHANGES.search(title))
        self._short: dict[str, str] = {}

    def read(self, by: int, path: tuple[str, ...], text: str, plain: str) -> Iterator[Amendment]:
        """Amendments that one clause states; `plain` is its text without what is quoted."""
        self._learn(text)
        self._spoken = self._single or self._spoken  # each clause begins with the document that the title names
        heads = [_HEADED.search(h) if _CHANGES.search(h) else _ALONE.fullmatch(h) for h in reversed(path)]
        headed = next((m["name"] for m in heads if m), "")
        if not (_HINT.search(text) and ("第" in text or "“" in text)):
            self._announced(text)
            return
        for m in re.finditer(r"[^。\n]+。?", plain):
            sentence = m.group(0)
            self._announced(sentence)
            if _HINT.search(sentence):
                yield from self._sentence(sentence, by, m.start(), headed, text)

    def _learn(self, text: str) -> None:
        for m in _SHORT.finditer(text):
            if full := [n.group(0) for n in _FULL.finditer(text, max(0, m.start() - NEAR), m.end() + 1)]:
                self._short[plain_title(m["short"])] = re.sub(r"\s+", "", full[0])

    def _announced(self, sentence: str) -> None:
        m = _ANNOUNCES.search(sentence)
        # What bears the title of what it revises is its next text and changes no place of it.
        if m and not unsure(sentence, m.start()) and plain_title(title_of(m["name"])) != self._own:
            self._spoken, self._amends = self._full(m["name"]), True
        elif self._amends and (m := _ALONE.match(sentence)):
            self._spoken = self._full(m["name"])

    def _full(self, name: str) -> str:
        name = re.sub(r"\s+", "", name)
        return self._short.get(plain_title(title_of(name)), name)

    def _sentence(self, sentence: str, by: int, at: int, headed: str, text: str) -> Iterator[Amendment]:
        target = self._full(headed) if headed else self._spoken if self._amends else ""
        found: list[_Order] = []
        runs = list(_RUN.finditer(sentence))
        besides = [_BESIDE.search(sentence[max(0, m.start() - NEAR) : m.start()]) for m in runs]
        starts = [m.start() - (len(b.group(0)) if b else 0) for m, b in zip(runs, besides, strict=True)]
        # 《甲》第三条、《乙》第四条同时废止: what is done to one is done to all that are joined.
        joined = [False, *(
            bool(b and _JOINS.fullmatch(sentence, last.end(), start))
            for last, b, start in zip(runs, besides[1:], starts[1:], strict=False)
        )]  # fmt: skip
        firsts, lasts = list(starts), [m.end() for m in runs]
        for i in range(1, len(runs)):
            firsts[i] = firsts[i - 1] if joined[i] else starts[i]
        for i in range(len(runs) - 1, 0, -1):
            lasts[i - 1] = lasts[i] if joined[i] else lasts[i - 1]
        for m, beside, start, first, last in zip(runs, besides, starts, firsts, lasts, strict=True):
            named = self._full(beside["name"]) if beside else target
            before = sentence[max(0, first - NEAR) : first]
            if not named or (not beside and (_OWN.search(before) or _NEW_PLACE.search(before))):
                continue
            if beside and (FOLLOWED.search(before) or plain_title(title_of(named)) == self._own):
                continue
            if done := self._done(sentence, first, last, explicit=bool(beside or found)):
                target = named
                if beside and self._amends:
                    self._spoken = named
                found.append(_Order(named, *done, tuple(_places(m.group(0))), start, last))
                if done[0] == "replaced" and not _QUOTED.match(sentence[last:]):
                    break  # new words without quotes speak of places, too
        words = _WORDS.search(sentence) if target and self._amends and not runs else None
        if words and not unsure(sentence, words.start()):
            old = text[at + words.start("old") : at + words.end("old")]
            found.append(_Order(target, "amended", "", (_Place(0, below=old),), words.start(), words.end()))
        ends = [*(said.start for said in found[1:]), len(sentence)][: len(found)]
        for said, end in zip(found, ends, strict=True):
            what, until = said.done, at + end
            if what == "replaced" and not _QUOTED.match(sentence[said.end :]):
                # New words without quotes, or on the next line, run to the end; where none are, they stand elsewhere.
                until = len(text)
                what = "replaced" if re.search(r"为\s*[：:]\s*\S", text[at + said.end :]) else "amended"
            elif what == "replaced" and sentence.endswith(FILL):
                what = "amended"  # the rest of the new words are clauses of their own
            for p in said.places:
                kind: Done = "amended" if what == "replaced" and p.below else what
                yield Amendment(
                    said.target, kind, p.number, p.branch, p.heading, p.below, said.day, by, at + said.start, until
                )

    def _done(self, sentence: str, start: int, end: int, *, explicit: bool) -> tuple[Done, str] | None:
        """What is done to the places that end there, and from which day; None when nothing is."""
        rest = sentence[end : end + 4 * NEAR]
        before = sentence[max(0, start - NEAR) : start]
        if cut := _CUT.search(before):
            at, lead = start - len(before) + cut.start("verb"), before[: cut.start("verb")]
            ordered = cut["lead"] or (self._amends and cut["verb"].startswith("删")) or orders(lead, self._title)
            day = stated_day(sentence, at, verb=True)
            if not ordered or day is None or unsure(sentence, at):
                return None
            return ("repealed" if _CUT_ENDS.match(rest) else "amended"), day
        if (explicit or self._amends) and (m := _ENDS.match(rest) or _PARTLY_ENDS.match(rest)):
            said = m.groupdict()
            day = day_of(m) if said.get("day") or said.get("at") else stated_day(sentence, start, verb=False)
            if day is None or unsure(sentence, start):
                return None
            return ("amended" if said.get("some") else "repealed"), day
        changed = _REPLACED.match(rest)
        if not changed and (_NEXT_TO.match(rest) or not (_CHANGED.match(rest) or (self._amends and _SET.match(rest)))):
            return None
        # “将该办法第九条修改为” is done here; “将适时修改” is not.
        here = re.sub(r"将(?:该|其|上述|原)?[^，,。；]{0,8}$", "", before)
        day = stated_day(sentence, start, verb=False)
        if day is None or unsure(here, len(here)):
            return None
        return ("replaced" if changed else "amended"), day


def _places(run: str) -> Iterator[_Place]:
    """The places that a run names, each of a range by itself."""
    last: _Place | None = None
    end = 0
    for m in _PARTS.finditer(run):
        reaches = last is not None and bool(_REACHES.fullmatch(run[end : m.start()]))
        end = m.end()
        if m["from"]:
            low, high = parse_ordinal(_plain(m["low"])) or 0, parse_ordinal(_plain(m["high"])) or 0
            yield from (_Place(n) for n in range(low, min(high, low + _WIDEST) + 1) if n)
            last = _Place(high)
            continue
        if m["several"]:
            numbers = [parse_ordinal(n) or 0 for n in re.findall(_NUM, m["several"])]
            yield from (_Place(n) for n in numbers if n)
            last = _Place(numbers[-1])
            continue
        if m["only"]:
            if last is not None:
                last = _Place(last.number, last.branch, last.heading, _plain(m["only"]))
                yield last
            continue
        number, branch = parse_ordinal(_plain(m["number"])) or 0, parse_ordinal(m["branch"] or "") or 0
        place = _Place(number, branch, m["unit"] != "条", _plain(m["below"] or ""))
        if reaches and last is not None and not (last.below or place.below) and last.heading == place.heading:
            yield from _between(last, place)
        if number:
            yield place
        last = place


def _between(low: _Place, high: _Place) -> Iterator[_Place]:
    if low.number == high.number:
        yield from (_Place(low.number, b, low.heading) for b in range(low.branch + 1, min(high.branch, _WIDEST)))
    else:  # with 第十条之一: what the wider numbers hold is found by number alone
        yield from (
            _Place(n, heading=low.heading) for n in range(low.number + 1, min(high.number, low.number + _WIDEST))
        )


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)
