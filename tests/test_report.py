"""`wence eval report`: what it says, what it must never do with the words it shows, what it says when parts are missing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant.__main__ import main
from evals import plots
from evals.intervals import Estimate
from evals.report import render
from evals.report_judge import share
from evals.report_run import load_run
from tests.sample_runs import JUDGE, XSS, make_run

MAX_BYTES = 3_000_000


class Tags(HTMLParser):
    """Every element with its attributes, and all text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


def page_of(*folders: Path, items: bool = False) -> Tags:
    return Tags(render([load_run(folder) for folder in folders], items))


def test_one_glance_tells_the_score_the_judge_and_both_faithfulness_figures(tmp_path: Path) -> None:
    text = page_of(make_run(tmp_path / "first")).text
    assert re.search(r"6\s*/ 6 题答对", text)
    assert "裁判可信" in text and "0.969" in text and "0.953" in text
    assert "忠实度" in text and "按裁判误差校正" in text and "0.930" in text and "[0.710, 1.000]" in text
    assert "达到目标 ≤ 0.03" in text
    assert "各类错误，裁判抓住多少" in text and "own_kind" in text and "裁判的校准" in text and "Brier 0.030" in text


def test_every_question_opens_to_its_answer_points_clauses_and_times(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "careless", careless=True))
    rows = [a for t, a in page.found if t == "details" and a.get("class") == "q"]
    assert [a["id"] for a in rows] == [f"q-q{i}" for i in range(1, 7)]
    assert [a["data-outcome"] for a in rows] == ["part", "right", "right", "right", "wrong", "right"]
    assert [a["data-dispute"] for a in rows] == ["yes", "yes", "no", "no", "yes", "no"]
    for words in (
        "没说 不超过",
        "说了 2000万元",
        "没说 200万元",
        "标准条款",
        "责任单位：市科委",
        "该拒未拒",
        "合计",
        "核对无据",
        "裁判有据",
    ):
        assert words in re.sub(r"\s+", " ", page.text), words
    assert any(t == "mark" for t, _ in page.found)


def test_disagreements_of_guard_and_judge_stand_before_the_questions(tmp_path: Path) -> None:
    page = render([load_run(make_run(tmp_path / "careless", careless=True))])
    assert 0 < page.index('id="disputes"') < page.index('id="questions"')
    assert "3 条，先由人看" in page


def test_words_of_people_and_documents_stay_text(tmp_path: Path) -> None:
    """Questions, clauses, titles and reasons may hold anything; the page has one script, its own."""
    page = page_of(make_run(tmp_path / XSS.replace("/", "")), make_run(tmp_path / "second", careless=True))
    assert [t for t, _ in page.found].count("script") == 1
    assert not {"img", "iframe", "object", "embed", "link", "base"} & {t for t, _ in page.found}
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]
    assert page.text.count(XSS) > 20


def test_the_file_loads_nothing_and_forbids_it(tmp_path: Path) -> None:
    source = render([load_run(make_run(tmp_path / "first"))])
    page = Tags(source)
    for tag, attributes in page.found:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, name)
    styles = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in styles and "@import" not in styles
    policy = next(a["content"] or "" for t, a in page.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy


def test_what_is_missing_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "bare", judge=None)
    for name in ("scores.json", "measures.jsonl", "questions.jsonl", "gold.json"):
        (folder / name).unlink()
    text = page_of(folder).text
    assert "这份报告缺少" in text and "没有裁判" in text and "没有分数" in text
    for name in ("scores.json", "measures.jsonl", "verdicts.jsonl", "judge.json", "questions.jsonl"):
        assert f"没有 {name}" in text
    assert f"wence eval score {folder}" in text
    assert "未评" in text and "首台套补几成" in text


def test_scores_of_a_judge_below_its_bar_are_withheld(tmp_path: Path) -> None:
    rates = {"kept": 50, "supported": 64, "caught": 61, "unsupported": 64, "tpr": 0.7813, "tnr": 0.9531}
    judge = {**JUDGE, "rates": rates, "meets_bar": False, "withheld": "裁判在标注论断上未达标"}
    text = page_of(make_run(tmp_path / "first", judge=judge)).text
    assert "裁判未达标，分数不采信" in text and "0.781" in text
    assert text.strip().index("裁判在标注论断上未达标") < text.index("题答对")
    assert "不采信" in text and "按裁判误差校正" not in text


def test_two_runs_show_what_turned_and_why(tmp_path: Path) -> None:
    good, bad = make_run(tmp_path / "good"), make_run(tmp_path / "bad", careless=True)
    page = page_of(good, bad)
    changes = {a["id"]: a["data-change"] for t, a in page.found if a.get("class") == "q"}
    assert changes == {
        "q-q1": "worse",
        "q-q2": "reworded",
        "q-q3": "same",
        "q-q4": "same",
        "q-q5": "worse",
        "q-q6": "same",
    }
    assert "变坏 2" in page.text and "缺要点：不超过" in page.text and "与上次逐字相同" in page.text
    assert "历次走势" in page.text and "只有一次评测" not in page.text
    assert "better" in {a["data-change"] for t, a in page_of(bad, good).found if a.get("class") == "q"}


def test_runs_that_do_not_mean_the_same_are_said_on_top(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a")
    second = make_run(tmp_path / "b", header={"judge_sha256": "bb22", "dataset_sha256": "d2"})
    text = page_of(first, second).text
    assert "a、b 的裁判不同" in text and "a、b 的题集不同" in text
    assert text.index("a、b 的裁判不同") < text.index("题答对")


def test_a_held_out_set_shows_figures_but_no_question_unless_asked(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "unseen", header={"dataset": "policy.heldout.jsonl"})
    page = page_of(folder)
    assert "首台套补几成" not in page.text and "不超过合同金额" not in page.text and "留出的题集" in page.text
    assert "题答对" in page.text
    assert "首台套补几成" in page_of(folder, items=True).text


def test_the_command_writes_the_file_whole_and_tells_its_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pages" / "report.html"
    assert main(["eval", "report", str(make_run(tmp_path / "first")), "--out", str(out)]) == 0
    assert "6 题" in capsys.readouterr().out
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in out.parent.iterdir()] == ["report.html"]


def test_a_folder_that_is_no_run_is_one_line_and_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    assert main(["eval", "report", str(tmp_path), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(tmp_path) in said and "wence eval run" in said
    folder = make_run(tmp_path / "cut")
    (folder / "measures.jsonl").write_text('{"id": "q1"}\n', encoding="utf-8")
    assert main(["eval", "report", str(folder), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "measures.jsonl 第 1 行" in said and "字段 measures" in said
    assert not out.exists()


def test_366_questions_stay_under_three_megabytes(tmp_path: Path) -> None:
    page = render([load_run(make_run(tmp_path / "large", copies=61))])
    assert len(page.encode()) < MAX_BYTES


def test_marks_never_leave_their_track() -> None:
    drawn = plots.track(Estimate(0.2, -0.5, 1.7, 3), plots.Axis(0.5, 1.0), before=Estimate(2.0, 0, 1, 3), target=0.1)
    places = [float(x) for x in re.findall(r'(?:x1|x2|cx|x)="([-\d.]+)%?"', drawn)]
    assert all(0 <= x <= 100 for x in places)
    assert "95% 区间" in drawn


@pytest.mark.parametrize(("low", "high"), [(0.8, 1.0), (0, 0.1), (-0.15, 0.05), (0, 1366)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    ticks = plots.Axis(low, high).ticks()
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-9 <= t <= high + 1e-9 for t in ticks)
    assert all(len(f"{t:g}") <= 6 for t in ticks)


def test_the_interval_of_a_rate_stays_honest_where_nothing_went_wrong() -> None:
    """Wilson's interval of 64 of 64, from the formula by hand: low = n / (n + z²)."""
    found = share(64, 64)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(64 / (64 + 1.96**2), abs=1e-4)
    assert (share(0, 0).low, share(0, 0).high) == (0.0, 1.0)


def test_times_are_told_as_people_read_them() -> None:
    assert [plots.duration(ms) for ms in (0.25, 38.2, 1500, 90_000)] == ["0.2 ms", "38 ms", "1.5 s", "1.5 min"]


def test_charts_bear_a_single_question_and_empty_bins() -> None:
    assert "<svg" in plots.latency_chart([12.0], [("p50", 12.0), ("p95", 12.0)])
    assert "<svg" in plots.trend(
        "答全", [("1", Estimate(0.5, 0.4, 0.6, 9)), ("2", None), ("3", Estimate(1, 1, 1, 9))], 0.9
    )
    stand = plots.Refusing(XSS, Estimate(0, 0, 0, 3), Estimate(1, 1, 1, 3))
    assert "<script" not in plots.refusal_chart([], [stand, stand], (0.03, 0.95))
