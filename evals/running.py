"""`wence eval run` and `wence eval score`: a question set answered once, and scored as often as one likes."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.arguments import RUNS, Commands, add_command, dataset_path
from index.errors import InputError

if TYPE_CHECKING:
    from assistant.settings import Settings
    from evals.judge import Judge
    from evals.questions import Question

LABELLED_CACHE = "labelled-claims.jsonl"
"""Below WENCE_CACHE: what each judge, by its pin, said of the labelled claims."""


def add_arguments(sub: Commands) -> None:
    """Declare `run` and `score`."""
    answer = add_command(sub, "run", "用题集提问一遍并打分；中断后可接着做", run_dataset)
    answer.add_argument(
        "--dataset", required=True, metavar="题集", help="policy.dev 等自带题集的名字，或 JSON Lines 文件"
    )
    answer.add_argument(
        "--out", type=Path, metavar="文件夹", help="结果放在这里；中断后用同一文件夹接着做（默认 runs/题集-时间）"
    )
    answer.add_argument("--no-llm", action="store_true", help="只用条款原文回答，不用语言模型")
    part = answer.add_mutually_exclusive_group()
    part.add_argument("--limit", type=_positive, metavar="N", help="只问前 N 题")
    part.add_argument("--sample", type=_positive, metavar="N", help="按题型分层抽 N 题；同一 N 总是同一批题")
    part.add_argument("--part-of", type=Path, metavar="基线.json", help="只问基线文件里的题（供 gate 使用）")
    again = add_command(sub, "score", "给已有的答案重新打分，不再提问", score_folder)
    again.add_argument("folder", type=Path, metavar="文件夹", help="`wence eval run` 写成的文件夹")
    for command in (answer, again):
        command.add_argument("--judge-llm", action="store_true", help="裁判拿不准的论断，再问所设的语言模型（慢）")


def _positive(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"应为不小于 1 的整数，实为 {text!r}")
    return value


def run_dataset(options: argparse.Namespace) -> int:
    """wence eval run --dataset NAME|FILE [--out FOLDER] [--no-llm] [--limit N | --sample N | --part-of BASELINE]."""
    from dataclasses import replace

    from assistant.installation import open_assistant
    from assistant.settings import load_settings
    from evals.outputs import answer_all, header_of
    from evals.questions import load_questions

    dataset = dataset_path(options.dataset)
    questions = load_questions(dataset)
    if not questions:
        raise InputError(f"题集 {dataset} 里没有题目；每行一题")
    questions = _chosen(questions, options)
    settings = load_settings()
    assistant = open_assistant(settings)  # an evaluation leaves no records among the askers'
    today = str(assistant.today or dt.date.today())
    assistant = replace(assistant, today=dt.date.fromisoformat(today))
    header = header_of(dataset, questions, settings, assistant, today, llm=not options.no_llm)
    folder = options.out or RUNS / f"{dataset.stem}-{dt.datetime.now():%Y%m%d-%H%M%S}"
    try:
        answer_all(questions, dataset, assistant, header, folder)
        return _score(folder, options.judge_llm)
    except KeyboardInterrupt:
        same = " ".join(["wence eval run --dataset", options.dataset, *_part(options), "--out", str(folder)])
        print(f"\n已中断，已有的答案和评判都保留；接着做：{same}", file=sys.stderr)
        return 1


def _chosen(questions: Sequence[Question], options: argparse.Namespace) -> list[Question]:
    from evals.sample import stratified

    if options.part_of:
        from evals.baseline import read_baseline

        wanted = set(read_baseline(options.part_of).ids)
        if missing := sorted(wanted - {q.id for q in questions}):
            raise InputError(
                f"题集里没有基线 {options.part_of} 要的 {len(missing)} 题（如 {missing[0]}）；请用做基线时的题集"
            )
        return [q for q in questions if q.id in wanted]
    if options.sample:
        return stratified(questions, options.sample)
    return list(questions[: options.limit])


def _part(options: argparse.Namespace) -> list[str]:
    """The options that say what is asked, for the line that tells how to go on."""
    told: list[str] = ["--no-llm"] if options.no_llm else []
    if options.judge_llm:
        told.append("--judge-llm")
    for name in ("limit", "sample", "part_of"):
        if (value := getattr(options, name)) is not None:
            told += [f"--{name.replace('_', '-')}", str(value)]
    return told


def score_folder(options: argparse.Namespace) -> int:
    """wence eval score FOLDER."""
    try:
        return _score(options.folder, options.judge_llm)
    except KeyboardInterrupt:
        print(f"\n已中断，已有的评判都保留；接着评：wence eval score {options.folder}", file=sys.stderr)
        return 1


def _score(folder: Path, judge_llm: bool) -> int:
    from assistant.settings import load_settings
    from evals.label import DEFAULT_OUT
    from evals.scores import score_run, table
    from evals.verdicts import Memory

    settings = load_settings()
    judge = open_judge(settings, judge_llm)
    labelled = Memory(judge, settings.cache / LABELLED_CACHE)
    found = score_run(folder, judge, labelled, settings.home / DEFAULT_OUT)
    print(f"{_title(found['header'])}\n{table(found)}")
    times = found["answer_ms"]
    print(f"\n每题用时 p50 {times['p50']:.0f} ms，p95 {times['p95']:.0f} ms；结果在 {folder}")
    return 0


def _title(header: dict[str, Any]) -> str:
    code = header["git"] or "（不在 git 中）"
    judge = f"{header['judge']['method']} {header['judge_sha256'][:8]}"
    return f"{header['dataset']}：{header['questions']} 题，索引 {header['index_version']}，代码 {code}，裁判 {judge}"


def open_judge(settings: Settings, llm: bool) -> Judge:
    """The judge; with `llm` it asks the configured model where it is unsure.

    Raises:
        InputError: a model is wanted and none is configured.
    """
    from assistant.model import load_model
    from evals.judge import load_judge

    if not llm:
        return load_judge()
    model = load_model(settings)
    if model is None:
        raise InputError("没有可用的语言模型，裁判无从请教；请设置 WENCE_LLM，或去掉 --judge-llm")
    return load_judge(model)
