"""Records of real conversations become questions to label: masked, merged, and named as unlabelled until filled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from assistant.answer import Answer, Refusal
from assistant.records.answers import Answers
from assistant.records.database import Database
from assistant.records.earlier import take_over
from evals.conversations import Asked, merge
from evals.questions import load_questions
from evals.schema import read_lines
from index.errors import InputError

Wence = Callable[..., Any]


def record(question: str, day: str = "2026-11-01", **more: Any) -> dict[str, Any]:
    return {
        "time": f"{day}T08:00:00Z", "question": question, "standalone_question": question, "refused": False,
        "refusal_reason": None, "clauses": ["a", "b"], **more,
    }  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A WENCE_HOME with records of two months that an earlier version kept; the last line was cut by a kill."""
    folder = tmp_path / "home" / "records"
    folder.mkdir(parents=True)
    turns = [
        {"role": "user", "content": "上海升规奖励多少，我电话13812345678"},
        {"role": "assistant", "content": "首年不超过30万元。"},
    ]
    october = [record("首台套最高补多少", "2026-10-30")]
    november = [
        record("请问首台套最高补多少"), record("首台套最高补多少？"),
        record("首台套最高补多少", "2026-11-20", refused=True, refusal_reason="no_evidence"),
        record("首台套合同500万最高补多少"), record("首台套合同800万最高补多少"),
        record("那第三年呢", "2026-11-02", standalone_question="上海升规奖励第三年多少"),
        record("那第三年呢", "2026-11-03", history=turns),
        record("我是13812345678，邮箱a@b.cn，首版次怎么补", "2026-11-04", region="上海市"),
        record("。。。"),
    ]  # fmt: skip
    (folder / "answers-2026-10.jsonl").write_text("".join(json.dumps(r) + "\n" for r in october), encoding="utf-8")
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in november) + '{"time": "2026-11-21T0'
    (folder / "answers-2026-11.jsonl").write_text(text, encoding="utf-8")
    took_over(folder.parent)
    return folder.parent


def took_over(home: Path) -> None:
    take_over(Database.open(home), home / "records")


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_records_become_masked_merged_questions_with_empty_labels(wence: Wence, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    ran = wence("eval", "conversations", "--out", str(out), home=home)
    assert ran.status == 0 and ran.out.startswith("记录 9 条，合并成待标注的新问题 6 题")
    rows = {row["question"]: row for row in rows_of(out)}
    assert list(rows)[0] == "首台套最高补多少"  # the most asked first, in its commonest wording
    assert rows["首台套最高补多少"]["note"] == "问过 4 次，最近 2026-11-20；当时拒答（no_evidence）"
    assert {"首台套合同500万最高补多少", "首台套合同800万最高补多少"} <= set(rows)  # other figures, other questions
    completed = rows["上海升规奖励第三年多少"]
    assert "原话：那第三年呢" in completed["note"] and completed["history"] == []
    followup = rows["那第三年呢"]
    assert followup["history"][0] == {"role": "user", "content": "上海升规奖励多少，我电话[手机号]"}
    assert rows["我是[手机号]，邮箱[邮箱]，首版次怎么补"]["region"] == "上海市"
    assert all((r["type"], r["answerable"], r["gold"], r["must_say"]) == ("", None, [], []) for r in rows.values())
    assert len({r["id"] for r in rows.values()}) == 6


def test_the_loader_names_such_lines_as_unlabelled(wence: Wence, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    wence("eval", "conversations", "--out", str(out), home=home)
    with pytest.raises(InputError, match="第 1 行：字段 type：尚未标注"):
        load_questions(out)
    rows = rows_of(out)
    rows[0]["type"] = "amount"
    out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    with pytest.raises(InputError, match="第 1 行：字段 answerable：尚未标注，实为 null；请先由人填写"):
        load_questions(out)


def test_since_takes_a_day_and_all_after(wence: Wence, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    assert wence("eval", "conversations", "--out", str(out), "--since", "2026-11-03", home=home).status == 0
    assert {r["question"] for r in rows_of(out)} == {
        "首台套最高补多少",
        "那第三年呢",
        "我是[手机号]，邮箱[邮箱]，首版次怎么补",
    }
    ran = wence("eval", "conversations", "--out", str(out), "--since", "昨天", home=home)
    assert ran.status == 2 and "'昨天'" in ran.err


def test_what_a_person_has_filled_stays_and_only_new_questions_are_added(
    wence: Wence, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "asked.jsonl"
    wence("eval", "conversations", "--out", str(out), "--since", "2026-11-04", home=home)
    rows = rows_of(out)
    rows[0] |= {"type": "amount", "answerable": False, "why_not": "no_evidence", "note": "看过"}
    out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    ran = wence("eval", "conversations", "--out", str(out), home=home)
    assert "待标注的新问题 4 题，已有的 2 题不动" in ran.out
    assert rows_of(out)[:2] == rows and len(rows_of(out)) == 6
    before = out.read_bytes()
    assert "新问题 0 题，已有的 6 题不动" in wence("eval", "conversations", "--out", str(out), home=home).out
    assert out.read_bytes() == before
    out.write_text("不是题集\n", encoding="utf-8")
    ran = wence("eval", "conversations", "--out", str(out), home=home)
    assert ran.status == 1 and "第 1 行：不是题集的一行" in ran.err and out.read_text(encoding="utf-8") == "不是题集\n"


def test_a_sheet_to_fill_comes_back_through_import(wence: Wence, home: Path, tmp_path: Path) -> None:
    """A question that begins with = must arrive as words, not as a formula of the spreadsheet program."""
    file = home / "records" / "answers-2026-12.jsonl"
    odd = record('=HYPERLINK("http://x")首台套\u0007怎么补', "2026-12-01")
    file.write_text(json.dumps(odd, ensure_ascii=False) + "\n", encoding="utf-8")
    took_over(home)
    sheet, out = tmp_path / "asked.xlsx", tmp_path / "set.jsonl"
    assert wence("eval", "conversations", "--out", str(sheet), "--since", "2026-11-03", home=home).status == 0
    book = load_workbook(sheet)
    heads = {c.value: c.column for c in book["题目"][1]}
    for row in range(2, book["题目"].max_row + 1):
        assert book["题目"].cell(row, heads["问题"]).data_type == "s"
        book["题目"].cell(row, heads["能否回答"]).value = "不能"
        book["题目"].cell(row, heads["原因"]).value = "文件没写"
    for row in book["题目"].iter_rows(min_row=2):
        for cell in row:
            if cell.value and str(cell.value).startswith("="):
                cell.data_type = "s"
    book.save(sheet)
    assert wence("eval", "import", str(sheet), "--out", str(out)).status == 0
    questions = load_questions(out)
    assert '=HYPERLINK("http://x")首台套怎么补' in [q.question for q in questions]
    assert [t.content for q in questions for t in q.history] == [
        "上海升规奖励多少，我电话[手机号]",
        "首年不超过30万元。",
    ]


def test_records_as_the_product_keeps_them_are_read(wence: Wence, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "asked.jsonl"
    Answers(Database.open(home)).keep(
        Answer("离岸孵化器补多少，我叫张三13812345678", refused=True, refusal_reason=Refusal.NO_EVIDENCE)
    )
    assert wence("eval", "conversations", "--out", str(out), home=home).status == 0
    [row] = rows_of(out)
    assert row["question"] == "离岸孵化器补多少，我叫张三[手机号]" and "拒答（no_evidence）" in row["note"]
    empty = wence("eval", "conversations", "--out", str(out), home=tmp_path)
    assert empty.status == 1 and "没有问答记录" in empty.err and empty.err.count("\n") == 1


def test_questions_whose_answers_were_rated_down_come_first(wence: Wence, home: Path, tmp_path: Path) -> None:
    answered = record("创薪券归哪个部门管", "2026-12-01", answer_id="a1")
    rating = {
        "time": "2026-12-01T09:00:00Z",
        "answer_id": "a1",
        "rating": "down",
        "comment": "没说财政局，回电13812345678",
    }
    for name, row in (("answers-2026-12", answered), ("feedback-2026-12", rating)):
        text = json.dumps(row, ensure_ascii=False) + "\n"
        (home / "records" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    took_over(home)
    out = tmp_path / "asked.jsonl"
    assert wence("eval", "conversations", "--out", str(out), home=home).status == 0
    first = rows_of(out)[0]
    assert first["question"] == "创薪券归哪个部门管" and "差评 1 次（没说财政局，回电[手机号]）" in first["note"]


def test_merging_keeps_apart_what_differs_in_place_denial_or_figure() -> None:
    texts = [
        "上海首次升规奖励多少钱",
        "深圳首次升规奖励多少钱",
        "上海首次升规奖励不是多少钱",
        "上海第二次升规奖励多少钱",
        "上海首次升规奖励多少钱啊",
    ]
    merged = merge(Asked(t, (), "", wordings=_once(t)) for t in texts)
    assert [a.question for a in merged] == texts[:4] and merged[0].times == 2


def _once(text: str) -> Any:
    from collections import Counter

    return Counter([text])


def test_labelled_lines_are_of_the_published_schema(wence: Wence, home: Path, tmp_path: Path) -> None:
    from evals.schema import QuestionLine

    out = tmp_path / "asked.jsonl"
    wence("eval", "conversations", "--out", str(out), home=home)
    rows = [{**r, "type": "amount", "answerable": True} for r in rows_of(out)]
    out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    assert len(list(read_lines(out, QuestionLine))) == 6
