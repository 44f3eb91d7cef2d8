"""What a document says about itself: title, number, issuer, dates, validity, status.

Only what the text states is read; whatever it does not state stays "" or `unknown`. The catalog overrides.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

from index.clause import Document, Status
from index.drafts import Outline
from index.numerals import parse_ordinal
from index.regions import region_of_document

_NUMBER = re.compile(r"[\u4e00-\u9fa5]{1,14}[〔\[［（(【]\s*(?:19|20)\d{2}\s*[〕\]］）)】]\s*第?\s*\d{1,5}\s*号")
_DATE = re.compile(
    r"(\d{4}|[二〇○零一二三四五六七八九]{4})\s*[年\-/.]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*[月\-/.]\s*(\d{1,2}|[一二三四五六七八九十]{1,3})\s*日?"
)
_VALIDITY = re.compile(r"自[^。；\n]{0,30}(?:施行|实施|生效|执行)|有效期(?:至|为|限|[一二三四五六七八九十\d])|试行期")
_SPEAKS_OF_ITSELF = re.compile(r"本|该|此|以上|有效期")
_EFFECTIVE = re.compile(r"自\s*([^。；，起]{4,20}?)\s*起(?:正式)?(?:施行|实施|生效|执行)")
_EXPIRES = re.compile(
    r"有效期(?:截?至|到)\s*([^。；，（(]{6,20}?日)|(?:实施|执行|施行)(?:期限)?至\s*([^。；，]{6,16}?日)(?:止)?"
)
_DRAFT = re.compile(r"征求意见稿|公开征求意见|草案|送审稿|讨论稿")
_REPLY = re.compile(r"(?:建议|提案|议案).{0,6}(?:答复|复函)|答复函?$")
_ISSUED = re.compile(r"(?:印发|公布|发布|转发)[^《]*《(.+)》")
_PLACEHOLDER = re.compile(r"[xX×]{1,4}\s*[年月日]")


def iso_date(text: str) -> str:
    """First full date in `text` as YYYY-MM-DD, "" when there is none (placeholders are none).

    >>> iso_date("自2024年5月1日起"), iso_date("自 202x 年 x 月 x 日"), iso_date("二〇二三年四月十八日")
    ('2024-05-01', '', '2023-04-18')
    """
    if _PLACEHOLDER.search(text):
        return ""
    m = _DATE.search(text)
    if not m:
        return ""
    year, month, day = (parse_ordinal(g) or 0 for g in m.groups())
    try:
        return date(year, month, day).isoformat() if 1900 < year < 2200 else ""
    except ValueError:  # 2月31日 is printed now and then
        return ""


def read_metadata(text: str, file: str, outline: Outline, main: int, catalog: dict[str, str]) -> Document:
    """The document's facts, from its own text and then from `catalog`, which wins."""
    metadata = outline.metadata
    title = _title(outline, main) or Path(file).stem
    number = _number(text, metadata)
    issuer = _issuer(metadata)
    dates = metadata.get("signature_date", []) + metadata.get("date", [])
    flat = "".join(p for d in outline.drafts if d.part == main for t, _ in d.pieces for p in (t, "\n"))
    validity_text = _validity(flat)
    effective, expires = "", ""
    if validity_text:
        if m := _EFFECTIVE.search(validity_text):
            effective = iso_date(m.group(1))
        if m := _EXPIRES.search(validity_text):
            expires = iso_date(m.group(1) or m.group(2))
    published = next(
        (
            iso_date(f)
            for f in metadata.get("field", [])
            if re.match(r"发布(?:日期|时间)|公开日期", f.lstrip("*【[")) and iso_date(f)
        ),
        "",
    )
    url = next(
        (
            m.group(0)
            for f in metadata.get("field", [])
            if "链接" in f[:8] and (m := re.search(r"https?://[^\s)\]]+", f))
        ),
        "",
    )
    document = Document(
        document_id=Path(file).stem,
        title=title,
        number=number,
        issuer=issuer,
        region=region_of_document(title, number, issuer),
        status=_status(title, text, number),
        signed=next((d for d in map(iso_date, dates) if d), ""),
        published=published,
        effective=effective,
        expires=expires,
        validity_text=validity_text,
        source_url=url,
        file=Path(file).name,
        text_hash=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )
    return _override(document, catalog)


def _validity(text: str) -> str:
    """The last sentence in which the document says how long it is in force, "" when none does."""
    found = ""
    for sentence in re.findall(r"[^。\n]+。?", text):
        if m := _VALIDITY.search(sentence):
            said = sentence[sentence.rfind("；", 0, m.start()) + 1 :].strip()
            found = said if _SPEAKS_OF_ITSELF.match(said) else found
    return found


def _override(document: Document, catalog: dict[str, str]) -> Document:
    known = {f.name for f in fields(Document)} - {"file", "text_hash"}
    changes: dict[str, object] = {k: v for k, v in catalog.items() if k in known and k != "aliases"}
    if "status" in changes:
        changes["status"] = Status(str(changes["status"]))
    if aliases := catalog.get("aliases"):
        changes["aliases"] = tuple(aliases)
    return replace(document, **changes)  # type: ignore[arg-type]


def _title(outline: Outline, main: int) -> str:
    title = outline.parts[main].title or next((p.title for p in outline.parts if p.title), "")
    issued = _ISSUED.search(title)
    return (issued.group(1) if issued else title).strip()


def _number(text: str, metadata: dict[str, list[str]]) -> str:
    for line in [*metadata.get("number", []), *(f for f in metadata.get("field", []) if "字号" in f or "文号" in f)]:
        if m := _NUMBER.search(line):
            return re.sub(r"\s", "", m.group(0))
    if numbers := metadata.get("number"):
        return re.sub(r"\s", "", numbers[0]).strip("（）()")
    return ""


def _issuer(metadata: dict[str, list[str]]) -> str:
    names = [re.sub(r"\s", "", n) for n in metadata.get("letterhead", []) if n not in ("文件", "函", "公报")]
    names = names or [re.sub(r"\s", "", n) for n in metadata.get("signature", [])[:1]]
    return "、".join(dict.fromkeys(re.sub(r"(?<=.)(?:文件|令|公报|公告|通告)$", "", n) for n in names))


def _status(title: str, text: str, number: str) -> Status:
    if _DRAFT.search(title) or _DRAFT.search(text[:300]):
        return Status.DRAFT
    if _REPLY.search(title):
        return Status.REPLY
    return Status.ISSUED if number else Status.UNKNOWN
