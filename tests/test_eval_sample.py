"""The fixed part of a question set."""

from __future__ import annotations

from collections import Counter

from evals.questions import DATASETS, load_questions
from evals.sample import stratified

QUESTIONS = load_questions(DATASETS / "policy.dev.jsonl")


def test_a_sample_is_the_same_each_time_and_keeps_the_order_of_the_set() -> None:
    drawn = stratified(QUESTIONS, 60)
    assert drawn == stratified(QUESTIONS, 60) and len(drawn) == 60
    assert [q.id for q in QUESTIONS if q in drawn] == [q.id for q in drawn]
    assert {q.id for q in drawn} != {q.id for q in stratified(QUESTIONS, 60, seed=1)}


def test_every_type_has_its_share_and_at_least_one_seat() -> None:
    whole, drawn = (Counter(q.type for q in some) for some in (QUESTIONS, stratified(QUESTIONS, 90)))
    assert set(drawn) == set(whole)
    for kind, n in whole.items():
        assert abs(drawn[kind] - n * 90 / len(QUESTIONS)) <= 1.0


def test_a_question_that_is_added_moves_few_others() -> None:
    fewer = {q.id for q in stratified(QUESTIONS[:-1], 90)}
    assert len(fewer & {q.id for q in stratified(QUESTIONS, 90)}) >= 87


def test_sizes_at_the_edges() -> None:
    assert stratified(QUESTIONS, 10_000) == QUESTIONS
    assert len(stratified(QUESTIONS, 1)) == 1
    assert len(stratified(QUESTIONS, len({q.type for q in QUESTIONS}))) == len({q.type for q in QUESTIONS})
