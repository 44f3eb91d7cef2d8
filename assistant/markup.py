"""Answers as HTML. Knows no page framework; every word of a person or a document goes through `html.escape`.

Element names, which page.js, page.css and the browser test rely on: turn `t3`, its sentence `t3-s1`, its clause
card `t3-c2`, a quoted span in that card `t3-c2-q0`, the card's departments `t3-c2-d`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from assistant.answer import Answer, Citation, Refusal, Sentence
from assistant.reviewed import MARK
from index.clause import STATUS_NAMES, Clause, Document, Status
from index.numerals import chinese_ordinal

TONES: dict[Status, str] = {
    Status.IN_FORCE: "green",
    Status.ISSUED: "blue",
    Status.DRAFT: "amber",
    Status.REPLY: "grey",
    Status.EXPIRED: "red",
    Status.REPEALED: "red",
    Status.UNKNOWN: "grey",
}
"""Colour of the status badge; the words on it carry the meaning, the colour only helps."""
VERDICTS: dict[Refusal, str] = {
    Refusal.NO_EVIDENCE: "未作回答：收录的文件没有写明",
    Refusal.OUT_OF_SCOPE: "未作回答：不在收录范围内",
    Refusal.UNSAFE: "未作回答：这类请求不能协助",
}
FAILED = "抱歉，这次没能完成回答，请稍后再试。"
MODES = {
    "verbatim": "原文作答：逐句摘自条款原文，未经改写。",
    "llm": "智能撰写：由模型选取和撰写，每句都与条款核对过。",
    "reviewed": "人工核定：由工作人员写成，每句都与条款核对过。",
}
WAITING = "正在查找条款"
WRITING = "条款已列出，正在撰写回答，每句核对后才显示"
MAX_SHOWN_QUESTION_CHARS = 1000
"""More of a question is not repeated on the page: the asker has it, and the answer should stay in sight."""
MAX_UNDERSTOOD_CHARS = 80
"""A follow-up is repeated with what it was taken to refer to, so that a wrong guess is seen; long ones say it themselves."""
FOLD_CHARS = 400
"""Unquoted stretches longer than this are folded, so that the quoted words are seen first."""
_OFFICE = re.compile(r"(责任单位|责任部门|牵头单位|牵头部门|配合单位|配合部门|主管部门)[：:]")


@dataclass(slots=True, eq=False)
class Exchange:
    """One question with what has arrived of its answer. Compared by identity: it grows."""

    number: int
    """Place in the conversation, from 1; makes element names unique on the page."""
    question: str
    citations: Sequence[Citation] = ()
    sentences: list[Sentence] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    answer: Answer | None = None
    """Set when it is complete."""
    failed: bool = False

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self.failed or self.answer is not None


def exchange(x: Exchange) -> str:
    """A question and its answer; clause cards stand beside the answer, or below it on a narrow screen."""
    name = f"t{x.number}"
    asked = x.question.strip()
    if len(asked) > MAX_SHOWN_QUESTION_CHARS:
        asked = f"{asked[:MAX_SHOWN_QUESTION_CHARS]}……（共{len(x.question)}字）"
    refused = x.answer.refusal_reason if x.answer else None
    state = "failed" if x.failed else "done" if x.answer else "busy"
    cards = "".join(card(c, f"{name}-c{c.n}") for c in x.citations)
    aside = (
        f'<aside class="w-clauses" aria-label="条款"><h3>{_heading(x, refused)}</h3>{cards}</aside>' if cards else ""
    )
    return (
        f'<section class="w-turn" id="{name}" data-state="{state}">'
        f'<div class="w-question"><p>{escape(asked) or "（空）"}</p></div>'
        f'<div class="w-columns{"" if cards else " w-single"}">'
        f'<div class="w-main">{"<h3>回答</h3>" if cards else ""}'
        f'<article class="w-answer{f" w-refused w-{refused}" if refused else ""}" aria-live="polite">{_answer(x, name)}</article>'
        f"</div>{aside}</div></section>"
    )


def _heading(x: Exchange, refused: Refusal | None) -> str:
    if refused:
        return "最接近的条款<small>仅供参考，不是答案</small>"
    return "依据条款" if x.answer else "相关条款"


def _answer(x: Exchange, name: str) -> str:
    parts = []
    if x.failed:
        return f'<p class="w-failed" role="alert">{FAILED}</p>'
    if x.answer and x.answer.refusal_reason:
        parts.append(f'<p class="w-verdict">{VERDICTS[x.answer.refusal_reason]}</p>')
    if x.answer and x.citations and x.number > 1:
        understood = x.answer.standalone_question
        if len(understood) <= MAX_UNDERSTOOD_CHARS and re.sub(r"\W", "", understood) != re.sub(r"\W", "", x.question):
            parts.append(f'<p class="w-understood">按“{escape(understood)}”查找</p>')
    marks = [n for n in x.notices if n.startswith(MARK)]
    parts += [f'<p class="w-reviewed">{escape(n)}</p>' for n in marks]
    parts += _sentences(x, name)
    if not x.answer:
        parts.append(f'<p class="w-busy"><i></i><i></i><i></i><span>{WRITING if x.citations else WAITING}</span></p>')
    if notices := [n for n in x.notices if n not in marks]:
        items = "".join(f"<li>{escape(n)}</li>" for n in notices)
        parts.append(f'<div class="w-notices" role="note"><strong>提示</strong><ul>{items}</ul></div>')
    if x.answer and x.citations:
        mode = MODES["reviewed" if x.answer.reviewed else x.answer.mode] if not x.answer.refused else ""
        if mode and x.answer.degraded:
            mode += f"（{escape(x.answer.degraded)}，{'其余' if x.answer.mode == 'llm' else ''}以条款原文补足）"
        parts.append(
            f'<footer class="w-foot"><span class="w-mode">{mode}</span>'
            f'<button type="button" class="w-copy" data-copy="{escape(plain(x))}">复制回答和出处</button></footer>'
        )
    return "".join(parts)


def _sentences(x: Exchange, name: str) -> list[str]:
    """Sentences of one clause run on as a paragraph; headings, courtesies and departments stand alone."""
    cited = {c.n: c for c in x.citations}
    parts: list[str] = []
    open_for: tuple[int, ...] | None = None
    for number, s in enumerate(x.sentences, 1):
        marks = "".join(_mark(s, cited[n], name) for n in s.citations if n in cited)
        # The last character and its marks stay on one line.
        here = f'<span id="{name}-s{number}">{escape(s.text[:-1])}<span class="w-tail">{escape(s.text[-1:])}{marks}</span></span>'
        department = bool(s.citations) and s.citations[0] in cited and _is_department(s, cited[s.citations[0]].clause)
        if not department and s.citations and s.citations == open_for:
            parts[-1] += here
            continue
        open_for = s.citations if s.citations and not department else None
        if s.text.startswith("【") and s.support == "notice":
            parts.append(f"<h4>{escape(s.text.strip('【】'))}")
        elif department:
            label = "" if _OFFICE.match(s.text) else "<b>责任部门：</b>"
            parts.append(f'<p class="w-office">{label}{here}')
        else:
            parts.append(f'<p class="{"w-remark" if s.support == "notice" else "w-said"}">{here}')
    return [p + ("</h4>" if p.startswith("<h4>") else "</p>") for p in parts]


def _is_department(s: Sentence, clause: Clause) -> bool:
    return bool(clause.department_text) and s.text.rstrip("。") in clause.department_text


def _mark(s: Sentence, c: Citation, name: str) -> str:
    """[n]: a link to the card, which knows the quoted span that this sentence is."""
    target = f"{name}-c{c.n}"
    if _is_department(s, c.clause):
        spot = f"{target}-d"
    else:
        at = c.clause.text.find(s.text)
        at = at if at >= 0 else c.clause.text.find(s.text[:12])
        spot = next((f"{target}-q{i}" for i, q in enumerate(c.quotes) if q.start <= at < q.end), target)
    return f'<a class="w-ref" href="#{target}" data-spot="{spot}" aria-label="查看条款{c.n}">[{c.n}]</a>'


def card(c: Citation, name: str) -> str:
    """One clause, whole, with the quoted spans marked."""
    clause = c.clause
    head = _own_heading(clause)
    path = [p for p in clause.path if p.replace(" ", "") != (clause.label + clause.title).replace(" ", "")]
    where = f'<p class="w-path">{" › ".join(escape(p) for p in path)}</p>' if path else ""
    number = f'<span class="w-number">{escape(clause.document_number)}</span>' if clause.document_number else ""
    changes = "".join(f'<p class="w-path">{escape(line)}</p>' for line in clause.changes)
    notes = "".join(f"<li><sup>{escape(f.mark)}</sup>{escape(f.text)}</li>" for f in clause.footnotes)
    link = ""
    if re.match(r"https?://", c.source_url):
        link = (
            f'<a class="w-source" href="{escape(c.source_url)}" target="_blank" rel="noopener noreferrer">查看原文</a>'
        )
    quotable = f"{clause.address}：{clause.text}{clause.department_text}"
    return (
        f'<article class="w-card" id="{name}" tabindex="-1">'
        f'<header><a class="w-n" href="#{name}" data-back="{c.n}" aria-label="条款{c.n}，回到回答">[{c.n}]</a>'
        f'<div><p class="w-document">{escape(clause.document_title)}</p>'
        f'<p class="w-facts">{badge(clause.status)}{number}</p>{changes}</div></header>'
        f"{where}{f'<h4>{escape(head)}</h4>' if head else ''}"
        f'<div class="w-text">{_marked(c, name)}</div>'
        f"{_departments(clause, name)}"
        f"{f'<ul class=w-notes>{notes}</ul>' if notes else ''}"
        f'<footer>{link}<button type="button" class="w-copy" data-copy="{escape(quotable)}">复制条款</button></footer>'
        f"</article>"
    )


def _own_heading(clause: Clause) -> str:
    below = f"第{chinese_ordinal(clause.paragraph)}段" if clause.paragraph else ""
    title = "" if clause.title == clause.label else clause.title
    gap = " " if title and clause.label[-1:].isalnum() else ""
    return f"{clause.label}{gap}{title}{f'（{below}）' if below and (clause.label or title) else below}"


def _marked(c: Citation, name: str) -> str:
    text, at, parts = c.clause.text, 0, []
    for i, q in enumerate(c.quotes):
        start, end = max(q.start, at), min(q.end, len(text))
        if start >= end:
            continue
        parts.append(_unquoted(text[at:start]))
        parts.append(f'<mark id="{name}-q{i}">{escape(text[start:end])}</mark>')
        at = end
    parts.append(_unquoted(text[at:]) if c.quotes else escape(text))
    return "".join(parts)


def _unquoted(text: str) -> str:
    if len(text) <= FOLD_CHARS:
        return escape(text)
    return f"<details><summary>展开其余{len(text)}字</summary>{escape(text)}</details>"


def _departments(clause: Clause, name: str) -> str:
    """The bracket as printed, one row for each of its parts, the role in front."""
    inside = clause.department_text.strip().rstrip("。；;")
    if not inside:
        return ""
    inside = inside[1:-1] if inside[0] in "（([［【" else inside
    rows = []
    for part in re.split(r"[；;]", inside):
        roles = {d.role for d in clause.departments if d.name in part}
        office = _OFFICE.match(part)
        if office:
            label, part = office.group(1), part[office.end() :]
        elif "lead" in roles:
            label, part = "牵头", part.removesuffix("牵头")
        else:
            label = "配合" if any(d.role == "lead" for d in clause.departments) else "责任部门"
        rows.append(f"<dt>{label}</dt><dd>{escape(part)}</dd>")
    return f'<dl class="w-offices" id="{name}-d">{"".join(rows)}</dl>'


def badge(status: Status) -> str:
    """Standing of a document."""
    return f'<span class="w-badge w-{TONES[status]}">{STATUS_NAMES[status]}</span>'


def documents(found: Sequence[Document]) -> str:
    """What is collected: the honest answer to “what can I ask about”."""
    rows = "".join(
        f"<li><span>{escape(d.title)}</span><span class=w-facts>{badge(d.status)}"
        f"{f'<span class=w-number>{escape(d.number)}</span>' if d.number else ''}</span></li>"
        for d in found
    )
    return f'<details class="w-documents"><summary>已收录 {len(found)} 份政策文件</summary><ul>{rows}</ul></details>'


def plain(x: Exchange) -> str:
    """What “复制” copies: answer, sources, notices, as plain text."""
    lines = [s.text + "".join(f"[{n}]" for n in s.citations) for s in x.sentences]
    if x.citations:
        lines += ["", "依据："]
        for c in x.citations:
            url = f" {c.source_url}" if c.source_url else ""
            lines.append(f"[{c.n}] {c.clause.address}（{STATUS_NAMES[c.clause.status]}）{url}")
            lines += [f"    {line}" for line in c.clause.changes]
    if x.notices:
        lines += ["", "提示：", *x.notices]
    return "\n".join(lines)
