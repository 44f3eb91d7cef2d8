"""What a document says about itself: title, number, issuer, dates, validity, status.

Only what the text states is read; whatever it does not state stays "" or `unknown`. The catalog overrides.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from index.clause import Document, Status
from index.drafts import Outline
from index.numerals import parse_ordinal
from index.origins import Quote
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
_PUBLISHED = re.compile(r"发布(?:日期|时间)|公开日期")
_URL = re.compile(r"https?://[^\s)\]]+")
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


def read_metadata(
    text: str, file: str, outline: Outline, main: int, catalog: dict[str, Any]
) -> tuple[Document, Document, dict[str, Quote]]:
    """The document's facts, from its own text and then from `catalog`, which wins.

    Returns:
        The facts, those of the text alone, and for each field the words that it was read from.
    """
    metadata = outline.metadata
    title = _title(outline, main)
    number, number_line = _number(text, metadata)
    issuer, issuer_line = _issuer(metadata)
    dates = [
        (d, line) for line in metadata.get("signature_date", []) + metadata.get("date", []) if (d := iso_date(line))
    ]
    flat = "".join(p for d in outline.drafts if d.part == main for t, _ in d.pieces for p in (t, "\n"))
    validity_text = _validity(flat)
    effective, expires = "", ""
    if validity_text:
        if m := _EFFECTIVE.search(validity_text):
            effective = iso_date(m.group(1))
        if m := _EXPIRES.search(validity_text):
            expires = iso_date(m.group(1) or m.group(2))
    lines = metadata.get("field", [])
    published = next((f for f in lines if _PUBLISHED.match(f.lstrip("*【[")) and iso_date(f)), "")
    link = next((f for f in lines if "链接" in f[:8] and _URL.search(f)), "")
    url = _URL.search(link)
    status, said = _status(title or Path(file).stem, text, number)
    region = region_of_document(title or Path(file).stem, number, issuer)
    read = Document(
        document_id=Path(file).stem,
        title=title or Path(file).stem,
        number=number,
        issuer=issuer,
        region=region,
        status=status,
        signed=dates[0][0] if dates else "",
        published=iso_date(published) if published else "",
        effective=effective,
        expires=expires,
        validity_text=validity_text,
        source_url=url.group(0) if url else "",
        file=Path(file).name,
        text_hash=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )
    sure = {"number": Quote(number_line), "published": Quote(published), "source_url": Quote(link)}
    sure["title"] = Quote(title)
    sure["issuer"] = Quote(issuer_line, last=not metadata.get("letterhead"))
    sure["signed"] = Quote(dates[0][1] if dates else "", last=bool(metadata.get("signature_date")))
    sure["region"] = Quote(
        next((s for s in (title, number, issuer_line) if region and region[:2] in s), number), derived=True
    )
    if not region:
        sure.pop("region")
    sure["status"] = Quote(said, derived=True)
    sure["validity_text"] = Quote(validity_text)
    sure |= {key: Quote(validity_text) for key, value in (("effective", effective), ("expires", expires)) if value}
    return _override(read, catalog), read, sure


def _validity(text: str) -> str:
    """The last sentence in which the document says how long it is in force, "" when none does."""
    found = ""
    for sentence in re.findall(r"[^。\n]+。?", text):
        if m := _VALIDITY.search(sentence):
            said = sentence[sentence.rfind("；", 0, m.start()) + 1 :].strip()
            found = said if _SPEAKS_OF_ITSELF.match(said) else found
    return found


def _override(document: Document, catalog: dict[str, Any]) -> Document:
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


def _number(text: str, metadata: dict[str, list[str]]) -> tuple[str, str]:
    """The document's number and the line that bears it."""
    for line in [*metadata.get("number", []), *(f for f in metadata.get("field", []) if "字号" in f or "文号" in f)]:
        if m := _NUMBER.search(line):
            return re.sub(r"\s", "", m.group(0)), line
    if numbers := metadata.get("number"):
        return re.sub(r"\s", "", numbers[0]).strip("（）()"), numbers[0]
    return "", ""


def _issuer(metadata: dict[str, list[str]]) -> tuple[str, str]:
    """The issuing offices and the line that names the first of them."""
    lines = [n for n in metadata.get("letterhead", []) if n not in ("文件", "函", "公报")]
    lines = lines or metadata.get("signature", [])[:1]
    names = [re.sub(r"(?<=.)(?:文件|令|公报|公告|通告)$", "", re.sub(r"\s", "", line)) for line in lines]
    return "、".join(dict.fromkeys(names)), lines[0] if lines else ""


def _status(title: str, text: str, number: str) -> tuple[Status, str]:
    """Standing of a document and the words that say so."""
    if m := _DRAFT.search(title) or _DRAFT.search(text[:300]):
        return Status.DRAFT, m.group(0)
    if m := _REPLY.search(title):
        return Status.REPLY, m.group(0)
    return (Status.ISSUED, number) if number else (Status.UNKNOWN, "")
