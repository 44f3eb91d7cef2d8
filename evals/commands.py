"""`wence eval …`: the evaluators' commands. Heavy imports stand inside the commands."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from assistant.__main__ import Parser
from index.errors import InputError

RUNS = Path("runs")
"""Where runs are kept when --out is not given, below the working folder."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; exit status 0 done, 1 not done, 2 wrong use."""
    options = build_parser().parse_args(list(arguments))
    return int(options.run(options))


def build_parser() -> argparse.ArgumentParser:
    """The command line of `wence eval`."""
    parser = Parser(prog="wence eval", description="评测", add_help=False)
    parser.add_argument("-h", "--help", action="help", help="显示帮助")
    sub = parser.add_subparsers(dest="command", metavar="命令", required=True, parser_class=Parser)

    answer = sub.add_parser("run", help="用题集提问一遍并打分", description="用题集提问一遍并打分", add_help=False)
    answer.add_argument("-h", "--help", action="help", help="显示帮助")
    answer.add_argument(
        "--dataset", required=True, metavar="题集", help="policy.dev 等自带题集的名字，或 JSON Lines 文件"
    )
    answer.add_argument(
        "--out", type=Path, metavar="文件夹", help="结果放在这里；中断后用同一文件夹接着做（默认 runs/题集-时间）"
    )
    answer.set_defaults(run=run_dataset)

    judge = sub.add_parser("judge", help="逐条核对论断是否有依据", description="逐条核对论断是否有依据", add_help=False)
    judge.add_argument("-h", "--help", action="help", help="显示帮助")
    judge.add_argument("source", type=Path, metavar="IN.jsonl", help="每行 id、claim、evidence（文字列表）")
    judge.add_argument("--out", type=Path, required=True, metavar="OUT.jsonl", help="加上 label、score、reason")
    judge.add_argument("--method", choices=["guard"], default="guard", help="guard：产品里逐句核对的方法（默认）")
    judge.set_defaults(run=judge_claims)
    return parser


def run_dataset(options: argparse.Namespace) -> int:
    """wence eval run --dataset NAME|FILE [--out FOLDER]."""
    from dataclasses import replace

    from assistant.commands import open_assistant
    from assistant.settings import load_settings
    from evals.outputs import answer_all, header_of, write_json
    from evals.questions import load_questions
    from evals.scores import ALL, score, table

    dataset = dataset_path(options.dataset)
    questions = load_questions(dataset)
    if not questions:
        raise InputError(f"题集 {dataset} 里没有题目；每行一题")
    settings = load_settings()
    assistant = replace(open_assistant(settings), home=None)  # an evaluation leaves no records among the askers'
    today = str(assistant.today or dt.date.today())
    assistant = replace(assistant, today=dt.date.fromisoformat(today))
    header = header_of(dataset, settings, assistant, today)
    folder = options.out or RUNS / f"{dataset.stem}-{dt.datetime.now():%Y%m%d-%H%M%S}"
    try:
        records = answer_all(questions, assistant, header, folder)
    except KeyboardInterrupt:
        print(f"\n已中断；接着做：wence eval run --dataset {options.dataset} --out {folder}", file=sys.stderr)
        return 1
    scores, times = score(questions, records, assistant.searcher.clauses)
    counts = {ALL: len(questions), **Counter(q.type for q in questions)}
    by_type = {kind: {n: e.to_json() for n, e in means.items()} for kind, means in scores.items()}
    write_json(folder / "scores.json", {"header": header, "counts": counts, "answer_ms": times, "scores": by_type})
    print(
        f"{dataset.name}：{len(questions)} 题，索引 {header['index_version']}，代码 {header['git'] or '（不在 git 中）'}"
    )
    print(table(scores, counts))
    print(f"\n每题用时 p50 {times['p50']:.0f} ms，p95 {times['p95']:.0f} ms；结果在 {folder}")
    return 0


def dataset_path(name: str) -> Path:
    """A bundled dataset by name (`policy.dev`, or `dev` for short), or a file.

    Raises:
        InputError: neither; lists the names.
    """
    from evals.questions import DATASETS

    for path in (Path(name), DATASETS / f"{name}.jsonl", DATASETS / f"policy.{name}.jsonl"):
        if path.is_file():
            return path
    known = sorted(p.stem for p in DATASETS.glob("policy.*.jsonl"))
    raise InputError(f"没有题集 {name}；自带：{'、'.join(known)}，或给出文件路径")


def judge_claims(options: argparse.Namespace) -> int:
    """wence eval judge IN.jsonl --out OUT.jsonl [--method guard]."""
    from evals.judging import judge_file

    counts = judge_file(options.source, options.out, options.method)
    print(f"有依据 {counts['supported']} 条，无依据 {counts['unsupported']} 条；结果在 {options.out}")
    return 0
