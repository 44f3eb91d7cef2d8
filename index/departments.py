"""The trailing bracket of a clause that names who is responsible, and with which role.

牵头 is lead; 配合, 协办, 参与 and 按职责分工 are support; a plain 责任单位 list or 负责 makes each of them
lead, since the text ranks none below another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.clause import Department, DepartmentRole

_PAIRS = {"）": "（(", ")": "（(", "］": "［[", "]": "［[", "】": "【", "〕": "〔"}
_OPENERS = "（([［【〔"
_CLOSERS = "）)]］】〕"
_KEY = re.compile(
    r"^(?P<key>(?:市级|区级|省级)?(?:责任|牵头|主办|主管|配合|协办|参与|实施|落实|负责|承办|支持|协同|完成)(?:单位|部门|处室|科室|机关|区)?(?:及分工)?)\s*[：:]"
)
_KEY_INSIDE = re.compile(
    r"\s+(?=(?:责任|牵头|主办|主管|配合|协办|参与|实施|落实|承办|支持|协同)(?:单位|部门|处室|机关)\s*[：:])"
)
_TERM = re.compile(r"^(?:完成|办理|工作|整改)?(?:时限|时间|期限)\s*[：:]|^(?:长期坚持|持续推进)$")
_TAIL = re.compile(
    r"(?P<role>(?:共同|联合|具体|分别|统筹)?(?:牵头负责|牵头落实|牵头实施|牵头|负责落实|负责实施|负责|配合落实|配合实施|配合|协办|参与|协同|指导)"
    r"|(?:等)?(?:按|按照|依|依据|根据)(?:各自)?职[责能]分工(?:落实|负责|实施|配合|推进)?(?:实施|推进)?|分工(?:落实|负责)|落实|实施)[。]?$"
)
_NAME = re.compile(
    r"(?:委员会|人民政府|政府|管委会|管理委员会|办公室|办公厅|联席会议|局|委|办|厅|部|署|院|行|海关|法院|检察院|公安|中心|总部|片区|新区|区|县|镇|街道|市|单位|部门"
    r"|协会|学会|科协|工商联|总工会|团委|妇联|公司|集团|企业|高校|院校|机构|园区|开发区|示范区|处|队|站|所|会|学校|银行|组织|平台|工办|法办|台|社|馆|协)$"
)
_OFFICE = re.compile(
    r"^(?:市|省|区|县|州|旗|国家|各区|各县|各镇|各市)[\u4e00-\u9fa5]+$|(?:委员会|人民政府|管委会|办公室|办公厅|局|厅|委|法院|检察院|海关)$"
)
"""A name that shows by itself that it is an office; needed where no word says who does what."""
_SINGLE = re.compile(r"^(?:市|省|区|县|州|国家|各区)[\u4e00-\u9fa5]{1,14}(?:委|局|厅|办|院|政府|部|中心)$")
"""An office so plain that it may stand alone in a bracket: （市科委）."""
_KEYED_SENTENCE = re.compile(
    r"(?<=[。；])\s*((?:责任|牵头|配合|主办)(?:单位|部门)[：:][^。：:]{2,200}(?:[：:][^。：:]{2,100}){0,2}。?)\s*$"
)
_SUPPORT = re.compile(r"职[责能]分工|配合|协办|参与|协同|支持|指导|分工")
MAX_BRACKET_CHARS = 1500


@dataclass(frozen=True, slots=True)
class Bracket:
    """A department bracket: where it stands in the text and what it says."""

    start: int
    end: int
    """Offsets into the text that was searched, brackets included, end exclusive."""
    departments: tuple[Department, ...]


def trailing_bracket(text: str) -> Bracket | None:
    """The department bracket that ends `text`, or None. Nested brackets (各区（含…）) are kept whole."""
    body = text.rstrip("。；; \t\u3000\xa0\n")
    if not body or body[-1] not in _CLOSERS:
        return _trailing_sentence(text)
    depth = 0
    for start in range(len(body) - 1, max(len(body) - MAX_BRACKET_CHARS, 0) - 1, -1):
        depth += body[start] in _CLOSERS
        depth -= body[start] in _OPENERS
        if depth == 0:
            break
    else:
        return None
    if body[start] not in _PAIRS[body[-1]]:
        return None
    after_sentence = not body[:start].strip() or body[:start].rstrip()[-1] in "。；！？：”)）"
    departments = parse_departments(body[start + 1 : -1], listed=after_sentence)
    return Bracket(start, len(text.rstrip()), departments) if departments else None


def _trailing_sentence(text: str) -> Bracket | None:
    """…平台。责任单位：市科委。 — the same list, printed as a last sentence instead of a bracket."""
    begin = max(len(text) - 300, 0)
    if m := _KEYED_SENTENCE.search(text, begin):
        departments = parse_departments(m.group(1))
        return Bracket(m.start(1), len(text.rstrip()), departments) if departments else None
    return None


def department_line(text: str) -> tuple[Department, ...]:
    """Departments of a line without brackets that only says who is responsible: 责任单位：市科委、市财政局."""
    if len(text) > 300 or not _KEY.match(text) or "。" in text.rstrip("。"):
        return ()
    return parse_departments(text)


def parse_departments(content: str, *, listed: bool = True) -> tuple[Department, ...]:
    """Departments in the order printed; () when the content is not a list of departments.

    Args:
        content: the text between the brackets.
        listed: accept names alone, without a word such as 负责 or 责任单位.

    >>> parse_departments("市投资促进局牵头；各区按职责分工落实")
    (Department(name='市投资促进局', role='lead'), Department(name='各区', role='support'))
    """
    content = re.sub(r"\s+", "", _KEY_INSIDE.sub("；", content.strip()))
    found: list[Department] = []
    declared = False
    role: DepartmentRole = "lead"
    for segment in _split(content, "；;。"):
        pending: list[str] = []
        here = False
        for piece in _split(segment, "、，,"):
            if _TERM.search(piece):
                continue
            if key := _KEY.match(piece):
                found += [Department(_strip(n), role) for n in pending]
                pending = []
                role = "support" if _SUPPORT.search(key.group("key")) else "lead"
                piece = piece[key.end() :]
                declared = here = True
            piece = re.sub(r"^(?:由|以及|及|会同|和)", "", piece)
            if tail := _TAIL.search(piece):
                said: DepartmentRole = "support" if _SUPPORT.search(tail.group("role")) else "lead"
                declared = True
                pending += [piece[: tail.start()]] if tail.start() else []
                found += [Department(_strip(n), said) for n in pending]
                pending = []
            elif piece:
                pending.append(piece)
        if pending and not here and not declared:
            names = [_strip(n) for n in pending]
            plain = all(_NAME.search(n) and _OFFICE.search(n) for n in names)
            if not listed or not plain or (len(names) == 1 and not _SINGLE.match(names[0])):
                return ()
        found += [Department(_strip(n), role) for n in pending]
    names = [d.name for d in found]
    if not found or any(len(n) > 60 or len(n) < 2 for n in names):
        return ()
    likely = sum(bool(_NAME.search(re.sub(r"[（(].*[）)]$", "", n))) for n in names)
    return tuple(found) if likely >= max(1, len(names) * 0.6) else ()


def _strip(name: str) -> str:
    return re.sub(r"(?<=..)等(?:部门|单位|有关部门)?$", "", name)


def _split(text: str, separators: str) -> list[str]:
    """Split at separators that stand outside brackets."""
    pieces, depth, current = [], 0, ""
    for c in text:
        depth += c in _OPENERS
        depth -= c in _CLOSERS
        if c in separators and depth == 0:
            pieces.append(current)
            current = ""
        else:
            current += c
    return [*pieces, current]
