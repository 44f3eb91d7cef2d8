"""What a document says about itself: title, number, issuer, dates, validity, status.

Only what the text states is read; whatever it does not state stays "" or `unknown`. The catalog overrides.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from index.amendments import Said, read_amendments
from index.clause import Document, Relation, Status
from index.dates import iso_date, last_day
from index.drafts import Outline
from index.extensions import read_extensions
from index.numerals import parse_ordinal
from index.origins import RELATION_KEYS, Quote
from index.regions import region_of_document
from index.relations import read_relations

_NUMBER = re.compile(r"[\u4e00-\u9fa5]{1,14}[〔\[［（(【]\s*(?:19|20)\d{2}\s*[〕\]］）)】]\s*第?\s*\d{1,5}\s*号")
_VALIDITY = re.compile(r"自[^。；\n]{0,30}(?:施行|实施|生效|执行)|有效期(?:至|为|限|[一二三四五六七八九十\d])|试行期")
_SPEAKS_OF_ITSELF = re.compile(r"本|该|此|以上|有效期")
_EFFECTIVE = re.compile(r"自\s*([^。；，起]{4,20}?)\s*起(?:正式)?(?:施行|实施|生效|执行)")
_ITSELF = r"(?P<self>(?:(?:本|该|此|以上|上述)[\u4e00-\u9fa5]{0,8}?)?(?:办法|细则|规定|措施|意见|政策|通知|方案|规划|计划|决定|条例|规则|指南|指引|文件|公告|通告|规程|制度|目录|清单|规范)的?)"
_OWN = rf"(?:^|[，,；;（(]|施行|实施|执行|生效|起)\s*(?:且|并|暂定)?{_ITSELF}?"
"""What begins a part of a sentence, or names the document: the term of a voucher or a loan is not the document's."""
_EXPIRES = re.compile(
    rf"{_OWN}(?:有效期限?(?:截?至|到)\s*(?P<until>[^。；，（(]{{6,20}}?日)|(?:实施|执行|施行)(?:期限)?至\s*(?P<till>[^。；，]{{6,16}}?日)(?:止)?)"
)
_LASTS = re.compile(
    rf"{_OWN}(?:有效期|试行期?|(?:施行|实施|执行|试行)期)限?[为是]?\s*(?P<count>[一二两三四五六七八九十\d]{{1,3}})\s*(?P<unit>年|个月)"
)
_HELD = re.compile(r"券|贷|证(?!券)|卡|资格|称号|合同|协议|凭证|资质|许可|执照")
"""What has a term of its own."""
_SINCE = re.compile(
    r"自(发布|公布|印发|签发)之日起(?:([一二三四五六七八九十\d]{1,3})日后)?(?:正式)?(?:起)?(?:施行|实施|生效|执行)"
)
_DRAFT = re.compile(r"征求意见稿|公开征求意见|草案|送审稿|讨论稿")
_REPLY = re.compile(r"(?:建议|提案|议案).{0,6}(?:答复|复函)|答复函?$")
_ISSUED = re.compile(r"(?:印发|公布|发布|转发)[^《]*《(.+)》")
_PUBLISHED = re.compile(r"发布(?:日期|时间)|公开日期")
_URL = re.compile(r"https?://[^\s)\]]+")


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
    lines = metadata.get("field", [])
    published = next((f for f in lines if _PUBLISHED.match(f.lstrip("*【[")) and iso_date(f)), "")
    effective, expires = _held(validity_text, dates[0][0] if dates else "", iso_date(published))
    everything = "".join(p for d in outline.drafts for t, _ in d.pieces for p in (t, "\n"))
    told = everything + "\n".join(metadata.get("enactment", []))
    relations = (*read_relations(told, title or Path(file).stem), *read_extensions(told, title or Path(file).stem))
    named = title or Path(file).stem
    amendments = read_amendments(
        [Said(d.path, d.title, "\n".join(t for t, _ in d.pieces)) for d in outline.drafts], named
    )
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
        relations=relations,
        amendments=amendments,
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
    sure |= {r.kind: Quote(r.said) for r in reversed(relations)}
    return _override(read, catalog), read, sure


def _held(said: str, signed: str, published: str) -> tuple[str, str]:
    """First and last day (ISO, "" when not stated) of what a sentence about validity says."""
    effective = expires = ""
    if m := _EFFECTIVE.search(said):
        effective = iso_date(m.group(1))
    if not effective and (m := _SINCE.search(said)):
        issued = (signed or published) if m.group(1) in ("印发", "签发") else (published or signed)
        later = timedelta(days=parse_ordinal(m.group(2) or "") or 0)
        effective = (date.fromisoformat(issued) + later).isoformat() if issued else ""
    if (m := _EXPIRES.search(said)) and _is_own(m, said):
        expires = iso_date(m["until"] or m["till"])
    elif effective and (m := _LASTS.search(said)) and _is_own(m, said):
        count = parse_ordinal(m["count"]) or 0
        years, months = (count, 0) if m["unit"] == "年" else (0, count)
        expires = last_day(effective, years, months) if 0 < count <= 100 else ""
    return effective, expires


def _is_own(m: re.Match[str], said: str) -> bool:
    """Whether a term is the document's: it says so, or nothing that has its own stands between 施行 and the term."""
    began = max((b.end() for b in re.finditer(r"施行|实施|执行|生效", said[: m.start()])), default=0)
    return bool(m["self"]) or not _HELD.search(said[began : m.start()])


def _validity(text: str) -> str:
    """The last sentence in which the document says how long it is in force, "" when none does."""
    found = ""
    for sentence in re.findall(r"[^。\n]+。?", text):
        if m := _VALIDITY.search(sentence):
            said = sentence[sentence.rfind("；", 0, m.start()) + 1 :].strip()
            found = said if _SPEAKS_OF_ITSELF.match(said) else found
    return found


def _override(document: Document, catalog: dict[str, Any]) -> Document:
    known = {f.name for f in fields(Document)} - {"file", "text_hash", "relations", "amendments", "extended_by"}
    changes: dict[str, object] = {k: v for k, v in catalog.items() if k in known and k != "aliases"}
    if "status" in changes:
        changes["status"] = Status(str(changes["status"]))
    if aliases := catalog.get("aliases"):
        changes["aliases"] = tuple(aliases)
    if stated := [key for key in RELATION_KEYS if key in catalog]:
        kept = [r for r in document.relations if r.kind not in stated]
        changes["relations"] = (*kept, *(Relation(key, str(t)) for key in stated for t in catalog[key]))
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
