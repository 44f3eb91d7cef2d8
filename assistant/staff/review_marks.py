"""What the tabs of pinned answers, open questions and trends show, as HTML; every word goes through `escape`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from assistant.answer import Answer
from assistant.review import charts
from assistant.review.checking import Fault
from assistant.review.pins import STATES as PIN_STATES
from assistant.review.pins import Line, Pin, Source
from assistant.review.queue import CAUSES, STATES, OpenQuestion
from assistant.review.standing import successor
from assistant.review.trends import LOCAL, Trends
from index.search import Searcher

MOST_SHOWN = 12
"""Askings of one question."""


def told(text: str, kind: str = "good") -> str:
    """One line about what was done."""
    return f'<p class="r-told r-{kind}" role="status">{escape(text)}</p>'


def refused(problems: Sequence[str], lines: Sequence[Line] = (), faults: Sequence[Fault] = ()) -> str:
    """Why an answer was not kept; the guard's findings with their words marked in the sentence."""
    shown = {str(f) for f in faults}
    marked = "".join(_marked(f, lines) for f in faults)
    rest = "".join(f"<li>{_linked(p)}</li>" for p in problems if p not in shown)
    return f'<div class="r-told r-bad" role="alert"><strong>没有保存</strong><ul>{marked}{rest}</ul></div>'


def _linked(text: str) -> str:
    """A problem; the address of another pinned answer becomes a link."""
    before, at, after = text.partition("/staff/?pin=")
    if not at:
        return escape(text)
    pin, rest = after[:32], after[32:]
    return f'{escape(before)}<a href="/staff/?pin={escape(pin)}" target="_blank">打开那一条</a>{escape(rest)}'


def _marked(fault: Fault, lines: Sequence[Line]) -> str:
    text = lines[fault.line - 1].text if 0 < fault.line <= len(lines) else ""
    if fault.words and 0 <= fault.start < fault.end <= len(text):
        quoted = f"{escape(text[: fault.start])}<mark>{escape(text[fault.start : fault.end])}</mark>{escape(text[fault.end :])}"
    else:
        quoted = escape(text)
    return f"<li>{escape(str(fault))}<blockquote>{quoted}</blockquote></li>"


def clauses(ids: Sequence[str], searcher: Searcher) -> str:
    """Chosen clauses, numbered as the sentences cite them."""
    parts = []
    for n, clause_id in enumerate(ids, 1):
        clause = searcher.clause(clause_id)
        text = (
            f"{escape(clause.address)} {escape(clause.title)}<p>{escape(clause.text)}</p>"
            if clause
            else "条款已不在库里"
        )
        parts.append(f"<li><b>[{n}]</b> {text}</li>")
    return f'<ol class="r-clauses">{"".join(parts)}</ol>' if parts else '<p class="s-soft">还没有选条款。</p>'


def pin_state(pin: Pin, searcher: Searcher) -> str:
    """Standing of a pin; for one that was withdrawn, what its clauses said and what they say now."""
    head = f"{PIN_STATES[pin.state]} · {pin.reviewer} 于 {pin.reviewed.isoformat()} 核定 · 第 {pin.version} 版"
    why = f"<p>{escape(pin.why)}</p>" if pin.why else ""
    changed = "".join(_change(s, searcher) for s in pin.sources) if pin.state == "withdrawn" else ""
    return f'<div class="r-state r-{pin.state}"><strong>{escape(head)}</strong>{why}{changed}</div>'


def _change(source: Source, searcher: Searcher) -> str:
    now = successor(source, searcher)
    if now is None:
        return f'<div class="r-change"><h4>{escape(source.address)}：已不在库里</h4><p>{escape(source.text)}</p></div>'
    if now.text == source.text:
        return ""
    before, after = "", ""
    for kind, a, b, c, d in SequenceMatcher(None, source.text, now.text, autojunk=False).get_opcodes():
        old, new = escape(source.text[a:b]), escape(now.text[c:d])
        before += old if kind == "equal" or not old else f"<del>{old}</del>"
        after += new if kind == "equal" or not new else f"<ins>{new}</ins>"
    return (
        f'<div class="r-change"><h4>{escape(source.address)}</h4><p><b>核定时：</b>{before}</p>'
        f"<p><b>现在：</b>{after}</p></div>"
    )


def question(q: OpenQuestion, answer: Answer | None, today: dt.date) -> str:
    """One open question: counts, wordings, and what the same question is told now."""
    counts = "，".join(f"{CAUSES[cause]} {n} 次" for cause, n in q.counts.items())
    late = "（已逾期）" if q.due and q.due < today and q.state in ("open", "handed") else ""
    facts = f"{STATES[q.state]} · {counts} · {q.owner or '无人负责'} · {q.due or '没有期限'}{late}"
    asked = "".join(
        f"<li>{a.time.replace(tzinfo=dt.UTC).astimezone(LOCAL):%m-%d %H:%M} {escape(a.text)}<small>{escape(CAUSES.get(a.cause, a.cause))}</small></li>"
        for a in q.askings[-MOST_SHOWN:][::-1]
    )
    note = f"<p>备注：{escape(q.note)}</p>" if q.note else ""
    proof = ""
    if q.proof.get("answer"):
        said = " ".join(map(str, q.proof.get("sentences", [])))  # type: ignore[call-overload]
        proof = f"<p>结案证明：{escape(said)}（答案 {escape(str(q.proof['answer']))}，{escape(str(q.proof.get('by', '')))}）</p>"
    return (
        f'<div class="r-question"><h3>{escape(q.text)}</h3><p class="s-soft">{escape(facts)}{f" · {escape(q.region)}" if q.region else ""}</p>{note}'
        f"{proof}<h4>问法</h4><ul>{asked}</ul>{now_told(answer) if answer else ''}</div>"
    )


def now_told(answer: Answer) -> str:
    """What the same question is told now."""
    said = "".join(f"<p>{escape(s.text)}{''.join(f'[{n}]' for n in s.citations)}</p>" for s in answer.sentences)
    mark = f"（{escape(answer.notices[0])}）" if answer.reviewed else "（未能回答）" if answer.refused else ""
    return f"<h4>现在的回答{mark}</h4><blockquote>{said}</blockquote>"


def trend_page(found: Trends, address: str) -> str:
    """Figures and pictures of one range."""
    t = found.total
    figures = (
        ("提问", f"{t.asked}"), ("拒答率", f"{t.refusal_rate:.1%}"), ("由核定答案回答", f"{t.pinned}"),
        ("评价", f"满意 {t.up} · 不满意 {t.down}"), ("用时", f"一半 {t.p50:.0f} ms · 95% {t.p95:.0f} ms"),
    )  # fmt: skip
    tiles = "".join(f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in figures)
    if not t.asked:
        return f'<div class="t-tiles">{tiles}</div><p class="s-soft">这段时间没有提问。</p>'
    labels = [f"{d.day.month}-{d.day.day}" for d in found.days]
    answered = [float(d.asked - d.refused - d.pinned) for d in found.days]
    pictures = [
        charts.bars("每天的提问", labels, [
            charts.Series("条款作答", answered, "main"),
            charts.Series("核定答案", [float(d.pinned) for d in found.days], "good"),
            charts.Series("未能回答", [float(d.refused) for d in found.days], "care"),
        ]),
        charts.lines("拒答率", labels, [
            charts.Series("拒答率", [round(100 * d.refusal_rate, 1) if d.asked else -1 for d in found.days], "care"),
        ], "%", 100),
        charts.bars("评价", labels, [
            charts.Series("满意", [float(d.up) for d in found.days], "good"),
            charts.Series("不满意", [float(d.down) for d in found.days], "bad"),
        ]),
        charts.lines("回答用时（毫秒）", labels, [
            charts.Series("一半在此之内", [round(d.p50) if d.asked else -1 for d in found.days], "main"),
            charts.Series("95% 在此之内", [round(d.p95) if d.asked else -1 for d in found.days], "care"),
        ]),
        charts.rows("问得最多的内容", [
            (x.name, float(x.asked), f"{x.asked} 次" + (f"，不满意 {x.down}" if x.down else "")) for x in found.topics
        ]),
    ]  # fmt: skip
    return (
        f'<div class="t-tiles">{tiles}</div><p><a class="s-link" href="{escape(address)}" download>下载 CSV</a></p>'
        f'<div class="t-figures">{"".join(pictures)}</div>'
    )
