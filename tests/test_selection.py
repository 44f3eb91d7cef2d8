"""What a small model may leave out of a sentence, and what it may not."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest

from assistant import compose
from assistant.ask import Assistant
from assistant.evidence import choose
from assistant.selection import _sentence_rules, grammar, stretches
from index.passages import sentence_spans

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


@pytest.mark.parametrize(
    "part",
    [
        "对企业成功上市的给予奖励",  # 鼓励各区…: the districts do it
        "加大企业用地、保障性租赁用房、人才落户等专项支持力度",
        "完善保险补偿机制",
        "持续对经认定符合本市产业发展方向的科技服务业中小企业",
        "支持设立以自主研发服务为主业",
        "采用“免审即享、直达快享”等形式",
        "市科委会同有关部门",
    ],
)
def test_who_acts_and_what_a_stretch_leads_to_are_never_left_out(part: str, assistant: Assistant) -> None:
    assert any(part in c.text for c in assistant.searcher.clauses)
    assert part not in subsentences(assistant)


@functools.lru_cache(maxsize=1)
def subsentences(assistant: Assistant) -> frozenset[str]:
    """Every sentence that the grammar of any clause allows and that is not a whole sentence of it."""
    found: set[str] = set()
    for clause in assistant.searcher.clauses:
        for span in sentence_spans(clause.text):
            rules = dict(
                r.split(" ::= ", 1) for r in _sentence_rules("s", stretches(clause.text[span.start : span.end]), "。")
            )
            found |= set(_said("s", rules, 0))
    return frozenset(found)


def _said(name: str, rules: dict[str, str], depth: int) -> Iterator[str]:
    """All texts of a rule, marks between stretches included; deep ones are cut, they are whole sentences."""
    body = rules[name]
    if not body.startswith('"'):
        for start in body.split(" | "):
            yield from _said(start, rules, depth)
        return
    text, options = re.fullmatch(r'"((?:[^"\\]|\\.)*)" \((.*)\)', body).groups()  # type: ignore[union-attr]
    text = text.replace('\\"', '"')
    for option in options.split(" | "):
        if option == '"。"':
            yield text
        elif depth < 4:
            mark, following = option.split(" ")
            for rest in _said(following, rules, depth + 1):
                yield text + mark.strip('"') + rest
