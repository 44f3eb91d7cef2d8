"""What a small model may leave out of a sentence, and what it may not."""

from __future__ import annotations

import re

from assistant import compose
from assistant.ask import Assistant
from assistant.evidence import choose
from assistant.selection import grammar, stretches

STAGED = (
    "支持企业升规提质，对首次升规并连续三年保持增长的科技服务业企业，首年给予不超过 30 万元的一次性奖励，"
    "第二年给予不超过 20 万元的奖励支持，鼓励各区予以配套支持。"
)


def rules_of(assistant: Assistant, question: str) -> dict[str, str]:
    found = assistant.searcher.search(question, 30)
    chosen = choose(found, assistant.searcher, question)
    text = grammar(chosen, compose.cite(chosen, assistant.searcher))
    return dict(line.split(" ::= ", 1) for line in text.splitlines())


def test_a_sentence_is_cut_at_commas_outside_brackets_and_quotes() -> None:
    parts = [s.text for s in stretches("在张江（含浦东，嘉定）试点，给予“一事一议，特事特办”支持；由市科委牵头。")]
    assert parts == ["在张江（含浦东，嘉定）试点", "给予“一事一议，特事特办”支持", "由市科委牵头"]


def test_for_whom_is_never_left_out_and_never_ends_a_sentence() -> None:
    parts = stretches(STAGED)
    assert [p.leads for p in parts] == [False, True, False, False, False]
    assert parts[0].measure and parts[4].measure


def test_the_words_of_a_rule_are_the_words_of_the_clause(assistant: Assistant) -> None:
    rules = rules_of(assistant, "首台套最高补多少")
    texts = [m for body in rules.values() for m in re.findall(r'"((?:[^"\\]|\\.)*)"', body)]
    words = [t for t in texts if t not in ("，", "；", "") and not t.startswith("。[")]
    whole = "".join(c.text for c in assistant.searcher.clauses)
    assert words and all(w.replace('\\"', '"') in whole for w in words)


def test_a_promise_stands_only_after_its_condition(assistant: Assistant) -> None:
    """The stretch with 30万元 is reached from the stretch that says for whom, and from nowhere else."""
    rules = rules_of(assistant, "上海小升规奖励多少")
    promise = next(name for name, body in rules.items() if body.startswith('"首年给予不超过 30 万元'))
    reached_from = [body for body in rules.values() if re.search(rf"{re.escape(promise)}\b", body)]
    assert reached_from and all(body.startswith('"对首次升规') for body in reached_from)


def test_the_citation_follows_from_the_sentence(assistant: Assistant) -> None:
    rules = rules_of(assistant, "上海和深圳对检验检测有什么支持")
    numbers = {m for body in rules.values() for m in re.findall(r"。\[(\d+)\]", body)}
    assert numbers and all(
        len(set(re.findall(r"。\[(\d+)\]", body))) <= 1 for name, body in rules.items() if name.startswith("s")
    )
