"""`wence eval schema / import / template / conversations / label / export / mutate`: the commands over data.

Each is done in a module of its own; here they are only declared, so that help is quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from evals.arguments import Commands, add_command


def add_arguments(sub: Commands) -> None:
    """Declare the commands."""
    schema = add_command(sub, "schema", "打印题集或标注论断的 JSON Schema", print_schema)
    schema.add_argument(
        "name", nargs="?", choices=("questions", "claims"), default="questions",
        help="questions 题集（默认），claims 标注论断",
    )  # fmt: skip

    sheet = add_command(sub, "import", "把 CSV 或 Excel 表格转成题集", _later("evals.importing", "import_sheet"))
    sheet.add_argument("sheet", type=Path, metavar="表格", help=".csv 或 .xlsx，第一行是列名（见 wence eval template）")
    sheet.add_argument("--out", type=Path, required=True, metavar="题集.jsonl", help="全部核对通过才写出")
    sheet.add_argument("--corpus", type=Path, metavar="文件夹", help="核对依据原文用的政策文件（默认自带的五份）")

    template = add_command(sub, "template", "写一份填题目的空表", _later("evals.template", "write_template"))
    template.add_argument("--out", type=Path, required=True, metavar="空表.xlsx", help="有列名、示例和说明")

    asked = add_command(sub, "conversations", "把真实提问列成待标注的题", _later("evals.conversations", "collect"))
    asked.add_argument(
        "--out", type=Path, required=True, metavar="题集.jsonl", help="也可以是 .xlsx 表格；已有的行不动"
    )
    asked.add_argument("--since", metavar="日期", help="只取这一天及以后的，如 2026-11-01")

    label = add_command(sub, "label", "由人判断论断有没有依据，分歧在前", _later("evals.label", "label"))
    label.add_argument(
        "source", type=Path, metavar="评测|文件", help="`wence eval run` 写成的文件夹，或论断文件（JSON Lines）"
    )
    label.add_argument("--out", type=Path, metavar="标注.jsonl", help="默认 WENCE_HOME/evals/claims.human.jsonl")
    way = label.add_mutually_exclusive_group()
    way.add_argument("--sheet", type=Path, metavar="表.csv", help="不在终端里判断，先写出一张表来填")
    way.add_argument("--from", dest="answers", type=Path, metavar="表.csv", help="读回填好的表（.csv 或 .xlsx）")

    export = add_command(sub, "export", "导出答案，供 RAGAS 或 DeepEval 读取", _later("evals.exports", "export"))
    export.add_argument("folder", type=Path, metavar="评测", help="`wence eval run` 写成的文件夹")
    export.add_argument(
        "--format", choices=("ragas", "deepeval"), required=True, help="ragas：JSON Lines；deepeval：JSON 列表"
    )
    export.add_argument("--out", type=Path, required=True, metavar="文件")
    export.add_argument("--answered", action="store_true", help="只导出作答的题，不导出拒答的")

    mutate = add_command(
        sub, "mutate", "把对的句子改错，看核对和评判抓不抓得住", _later("evals.mutating", "run_mutations")
    )
    mutate.add_argument(
        "folder", type=Path, nargs="?", metavar="评测", help="`wence eval run` 写成的文件夹：用其中逐字引用的句子"
    )
    mutate.add_argument(
        "--dataset", metavar="题集", help="改用题集的依据条款，或标注论断里有依据的论断，如 policy.dev、claims.dev"
    )
    mutate.add_argument("--corpus", type=Path, metavar="文件夹", help="题集的政策文件（默认自带的五份）")
    mutate.add_argument("--out", type=Path, required=True, metavar="OUT.jsonl", help="每句的改法和核对、评判的结果")
    mutate.add_argument("--limit", type=_count, metavar="N", help="每类最多 N 句（默认 60）")
    mutate.add_argument("--seed", type=_count, default=1, metavar="N", help="抽取和改法的随机种子，默认 1")
    judged = mutate.add_mutually_exclusive_group()
    judged.add_argument("--no-judge", action="store_true", help="只看核对（guard），不用评判（judge）")
    judged.add_argument("--judge-llm", action="store_true", help="评判没有把握时请教语言模型")


def _count(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"应为不小于 1 的整数，实为 {text!r}")
    return value


def _later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """The function that does a command, imported when the command is run."""

    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(module), function)(options))

    return run


def print_schema(options: argparse.Namespace) -> int:
    """wence eval schema [questions|claims]."""
    from evals.schema import schema_text

    print(schema_text(options.name), end="")
    return 0
