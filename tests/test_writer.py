"""A reply that comes in pieces becomes draft sentences, each with the numbers the model gave."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from assistant.ask import Assistant
from assistant.model import ModelError
from assistant.writer import MAX_DRAFT_CHARS, Draft, Writer, drafts
from tests.scripted import ScriptedModel

QUESTION = "上海企业升规奖励多少"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("给予30万元。[1]由市科委牵头[2]。", [("给予30万元。", (1,)), ("由市科委牵头。", (2,))]),
        ("给予30万元。[1][3]", [("给予30万元。", (1, 3))]),
        ("给予30万元[1, 2]。", [("给予30万元。", (1, 2))]),
        ("给予30万元【1】。", [("给予30万元。", (1,))]),
        ("答复：**给予30万元**。[1]", [("给予30万元。", (1,))]),
        ("1. 给予30万元。\n- 由市科委牵头。[2]\n", [("给予30万元。", ()), ("由市科委牵头。", (2,))]),
        ("沪府办规〔2024〕5号规定给予30万元。[1]", [("沪府办规〔2024〕5号规定给予30万元。", (1,))]),
        ("给予30万元。[1]由市科委牵", [("给予30万元。", (1,))]),
        ("", []),
        ("。。。[1]", []),
    ],
)
def test_sentences_and_numbers_are_read_however_the_pieces_fall(
    reply: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    wanted = [Draft(*e) for e in expected]
    for size in (1, 3, 1000):
        assert list(drafts(iter([reply[i : i + size] for i in range(0, len(reply), size)]))) == wanted


def test_a_sentence_is_out_before_the_next_one_is_written() -> None:
    def pieces():
        yield "给予30万元。[1]由"
        raise AssertionError("asked for more before the first sentence was given")

    assert next(drafts(pieces())) == Draft("给予30万元。", (1,))


def test_a_reply_without_any_stop_ends_early() -> None:
    def endless():
        for _ in range(10 * MAX_DRAFT_CHARS):
            yield "好"
        raise AssertionError("read to the end")

    assert list(drafts(endless())) == []


def asking(
    assistant: Assistant, *replies: object, seconds: float = 30.0, **options: object
) -> tuple[Assistant, ScriptedModel]:
    model = ScriptedModel(*replies, **options)  # type: ignore[arg-type]
    return replace(assistant, writer=Writer(model, seconds)), model


def test_the_model_gets_the_few_evidence_sentences_with_numbers_and_the_question_last(assistant: Assistant) -> None:
    asker, model = asking(assistant, "无。")
    asker.answer(QUESTION)
    system, user = model.asked[0]
    assert system["role"] == "system" and "升规" not in system["content"]
    assert "[1] 上海市" in user["content"] and "不超过 30 万元" in user["content"]
    assert user["content"].index("[1]") < user["content"].index(QUESTION)
    assert len(user["content"]) < 1500


def test_personal_data_of_the_asker_does_not_reach_the_model(assistant: Assistant) -> None:
    asker, model = asking(assistant, "无。")
    asker.answer("我电话13812345678，上海企业升规奖励多少")
    assert model.asked and "13812345678" not in str(model.asked)


def test_an_endless_reply_is_stopped_and_the_answer_is_whole(assistant: Assistant) -> None:
    asker, model = asking(assistant, "首年给予不超过30万元的一次性奖励。[1]" * 500)
    answer = asker.answer(QUESTION)
    assert model.closed == 1 and len(answer.text) < 1000 and "30" in answer.text


def test_a_slow_model_is_stopped_when_its_time_is_over(assistant: Assistant) -> None:
    asker, model = asking(assistant, "好" * 300, seconds=0.3, pause_s=0.05)
    started = time.monotonic()
    answer = asker.answer(QUESTION)
    assert time.monotonic() - started < 5 and model.closed == 1
    assert answer.mode == "verbatim" and "限定时间" in answer.degraded and "不超过 30 万元" in answer.text


def test_a_failing_model_rests_and_askers_get_the_clauses_at_once(assistant: Assistant) -> None:
    asker, model = asking(assistant, ModelError("连不上模型服务", ill=True))
    first, second = asker.answer(QUESTION), asker.answer(QUESTION)
    assert (first.degraded, len(model.asked)) == ("连不上模型服务", 1)
    assert "稍后" in second.degraded and second.mode == "verbatim" and "不超过 30 万元" in second.text


def test_an_asker_who_goes_away_stops_the_model(assistant: Assistant) -> None:
    asker, model = asking(
        assistant, "首年给予不超过30万元的一次性奖励。[1]第二年给予不超过20万元的奖励支持。[1]" + "好" * 100
    )
    stream = asker.stream(QUESTION)
    for event in stream:
        if event.sentence:
            break
    stream.close()
    assert model.closed == 1


def test_without_a_free_place_the_clauses_answer(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.writer.QUEUE_S", 0.05)
    asker, model = asking(assistant, "首年给予不超过30万元的一次性奖励。[1]" + "好" * 50, parallel=1)
    stream = asker.stream(QUESTION)
    next(e for e in stream if e.sentence)
    other = asker.answer(QUESTION)
    assert other.degraded == "模型正忙" and "不超过 30 万元" in other.text
    stream.close()
    assert asker.answer(QUESTION).degraded == ""


def test_a_model_that_takes_a_grammar_is_given_one(assistant: Assistant) -> None:
    asker, model = asking(assistant, "无。")
    model.takes_grammar = True
    asker.answer(QUESTION)
    assert model.grammars[0].startswith("root ::= sentence")
    asker, model = asking(assistant, "无。")
    asker.answer(QUESTION)
    assert model.grammars == [""]


def test_a_reply_of_digits_without_a_bracket_is_read_in_no_time() -> None:
    started = time.monotonic()
    list(drafts(iter(["给予支持。[" + "1" * 400 + "x。"])))
    list(drafts(iter(["给予支持。[" + "1 , " * 90 + "x。"])))
    assert time.monotonic() - started < 1
