"""`wence eval report`: one HTML file to look at. Opens from disk, loads nothing, runs only its own script.

    run folders → Run (report_run) → questions (report_question), figures (report_figures, plots) → report.html

The last run named is the one reported, the one before it is what it is compared with, all of them make the trend.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.arguments import Commands, add_command

if TYPE_CHECKING:
    from evals.report_records import QuestionView
    from evals.report_run import Run

HERE = Path(__file__).parent
FOLD = 6
"""Disagreements shown at once; the rest on demand."""


def add_arguments(sub: Commands) -> None:
    """Declare `report`."""
    report = add_command(sub, "report", "把一次或几次评测画成一个网页文件", write_report)
    report.add_argument(
        "run_folders", nargs="+", type=Path, metavar="评测文件夹", help="旧的在前；最后一个是这次，与它前一个对比"
    )
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="写成的网页，不联网也能打开")
    report.add_argument("--items", action="store_true", help="留出题集也列出题目（看过的题不能再用来验收）")


def write_report(options: argparse.Namespace) -> int:
    """wence eval report RUN [RUN…] --out FILE.html [--items]."""
    from evals.folder import write_text
    from evals.report_run import load_run

    runs = [load_run(folder) for folder in options.run_folders]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    page = render(runs, options.items)
    write_text(options.out, page)
    print(f"{options.out}（{len(page.encode()) / 1e6:.1f} MB，{len(runs[-1].outputs)} 题）")
    for line in runs[-1].lacks:
        print(f"注意：{line}")
    return 0


def render(runs: Sequence[Run], items: bool = False) -> str:
    """The page.

    Args:
        runs: at least one, the oldest first.
        items: list the questions of a held-out set as well.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from evals import plots

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )  # fmt: skip
    css, js = ((HERE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    page = environment.get_template("report.html").render(
        css=Markup(css), js=Markup(js), css_hash=_hash(css), js_hash=_hash(js), duration=plots.duration,
        **context(runs, items),
    )  # fmt: skip
    return page.lstrip()


def _hash(text: str) -> str:
    """As a Content-Security-Policy names a script or style that may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def context(runs: Sequence[Run], items: bool = False) -> dict[str, Any]:
    """Everything that the template shows."""
    from evals import report_figures as figures
    from evals import report_words as words
    from evals.report_compare import comparison, warnings
    from evals.report_judge import judge_view
    from evals.report_question import clause_texts, question_views
    from evals.report_records import CHANGES, OUTCOMES

    now, before = runs[-1], runs[-2] if len(runs) > 1 else None
    seen = items or not any(run.unseen for run in runs)
    compared = comparison(now, before) if before else None
    views = question_views(now, before, compared.turned if compared else None)
    latency, stages = figures.latency(now)
    turned = {kind: [v for v in views if v.change == kind] for kind in ("worse", "better")}
    clauses = clause_texts(r for r in (now, before) if r)
    disputes = [{"question": v, "claim": c} for v in views for c in v.now.disputes]
    sections = [("figures", "分数"), ("plots", "图"), ("trend", "走势"), ("disputes", "分歧"), ("questions", "题目"), ("made", "来历")]  # fmt: skip
    if before:
        sections.insert(3, ("changes", "变化"))
    return {
        "now": now, "before": before, "runs": [{"name": r.name, "facts": " · ".join(_facts(r))} for r in runs],
        "facts": _facts(now), "sections": [s for s in sections if seen or s[0] != "disputes"], "items": seen,
        "warnings": warnings(runs), "lacks": [line for r in (now, before) if r for line in r.lacks],
        "tally": figures.tally(now, views), "turns": {k: len(v) for k, v in turned.items()} if before else None,
        "cards": figures.cards(now, before, compared.by_name if compared else {}),
        "groups": figures.groups(now, before), "types": figures.by_type(now, before), "trends": figures.trends(runs),
        "refusal": figures.refusal(runs), "latency": latency, "stages": stages, **judge_view(now.judge),
        "compared": compared, "turned": turned, "changes": CHANGES, "outcomes": OUTCOMES, "disputes": disputes, "fold": FOLD,
        "views": views, "kinds": _kinds(views), "chips": _chips(views),
        "clauses": clauses, "keys": {name: f"k{n}" for n, name in enumerate(clauses)}, "made": _made(now.header, words.HEADER),
    }  # fmt: skip


def _facts(run: Run) -> list[str]:
    """What made a run, in one line."""
    from evals import report_words as words

    modes = Counter(str(r.get("mode", "")) for r in run.outputs)
    models = sorted({str(r["model"]) for r in run.outputs if r.get("model")})
    written = "，".join(f"{words.MODES.get(mode, mode)}模式 {n} 题" for mode, n in modes.most_common())
    started = str(run.header.get("started", "")).replace("T", " ").rstrip("Z")
    facts = [f"{len(run.outputs)} 题", started and f"{started} UTC", f"代码 {run.header.get('git') or '不在 git 中'}"]
    return [f for f in (*facts, written, "、".join(models), str(run.header.get("machine", ""))) if f]


def _made(header: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The header, flattened: what is asked first stands first."""
    return [(names[key], _flat(header[key])) for key in names if header.get(key) not in (None, "", {})]


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "，".join(f"{k} {_flat(v)}" for k, v in value.items() if v not in (None, "", {}, []))
    return "、".join(map(_flat, value)) if isinstance(value, list) else str(value)


def _kinds(views: Sequence[QuestionView]) -> list[tuple[str, str, int]]:
    counts = Counter((v.type, v.type_word) for v in views)
    return [(name, word, n) for (name, word), n in counts.items() if name]


def _chips(views: Sequence[QuestionView]) -> list[dict[str, Any]]:
    """Filters that would divide the questions; one that all or none pass is left out."""
    from evals.report_records import CHANGES, OUTCOMES

    wanted: list[tuple[str, str, list[tuple[str, str, str, int]]]] = [
        ("outcome", "对错", [(o, *OUTCOMES[o], sum(v.now.outcome == o for v in views)) for o in OUTCOMES]),
        ("change", "变化", [(c, *CHANGES[c], sum(v.change == c for v in views)) for c in CHANGES]),
        ("refused", "拒答", [("yes", "⊘", "拒答", sum(bool(v.now.refused) for v in views))]),
        ("dispute", "分歧", [("yes", "≠", "核对与裁判不一", sum(bool(v.now.disputes) for v in views))]),
        ("unsupported", "无据", [("yes", "✕", "有无据论断", sum(bool(v.now.unsupported) for v in views))]),
        ("mode", "模式", [(m, "", f"{m}模式", sum(v.now.mode == m for v in views)) for m in sorted({v.now.mode for v in views if v.now.mode})]),
    ]  # fmt: skip
    chips = []
    for key, label, options in wanted:
        useful = [{"value": v, "sign": s, "text": t, "n": n} for v, s, t, n in options if 0 < n < len(views)]
        if useful:
            chips.append({"key": key, "label": label, "options": useful})
    return chips
