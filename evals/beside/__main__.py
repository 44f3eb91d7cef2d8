"""`python -m evals.beside`: LangChain's, LlamaIndex's and Haystack's default recipes beside ours, in one run.

Same files, same embedding model, same questions; each recipe in its own environment and its own process, turn about,
medians of several rounds. Seconds belong to this machine and this moment; ratios and processor seconds are the result.
A recipe whose environment cannot be made (no network) is left out with a line that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.settings import BUNDLED_CORPUS, load_settings
from evals.beside.environments import prepared
from evals.beside.figures import behind, budget_table, cost_table, finding_table
from evals.beside.running import ROOT, Run, System, run
from evals.questions import DATASETS, Question, load_questions
from evals.retrieval import measurable
from evals.stard import Stard, add_option, is_there, load_stard
from index.errors import WenceError
from index.weights import bundled_model

SYSTEMS = (
    System("问策", "recipe_wence", depths=(5, 1, 10)),
    System("LangChain", "recipe_langchain", "langchain", (4, 1, 10)),
    System("LangChain＋Chroma", "recipe_langchain_chroma", "langchain", (4, 1, 10)),
    System("LlamaIndex", "recipe_llamaindex", "llamaindex", (2, 1, 10)),
    System("Haystack", "recipe_haystack", "haystack", (10, 1)),
    System("Haystack，按字切", "recipe_haystack_chars", "haystack", (10, 1, 20)),
)
TIMED = 60
"""Questions asked in the runs whose time counts."""
DEEP = 20
"""Pieces kept of each question; 20 of LangChain's are three quarters of the bundled files."""


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.beside", description="与 LangChain、LlamaIndex、Haystack 的默认做法同场比较"
    )
    parser.add_argument("--rounds", type=int, default=3, help="量用时时每个做法跑几遍（轮流），默认 3")
    parser.add_argument("--questions", type=Path, default=DATASETS / "policy.dev.jsonl", help="题集，默认 policy.dev")
    parser.add_argument("--laws", type=int, default=1_000, metavar="N", help="另用 STARD 的前 N 条只量建索引；0 不量")
    parser.add_argument("--environments", type=Path, default=ROOT / ".bench", help="各家环境放在哪里，默认 .bench")
    parser.add_argument(
        "--only", default="", metavar="做法", help=f"只跑这些，逗号分隔：{','.join(s.name for s in SYSTEMS)}"
    )
    add_option(parser)
    options = parser.parse_args()
    chosen = [s for s in SYSTEMS if not options.only or s.name in options.only.split(",")]
    pythons = _pythons(chosen, options.environments)
    questions = [q for q in load_questions(options.questions) if measurable(q)]
    load = f"，负载 {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} 核{load}；各 {options.rounds} 遍取中位数；括号里是问策的几倍")
    with tempfile.TemporaryDirectory(prefix="wence-beside-") as folder:
        bench = Bench(Path(folder), bundled_model(load_settings().cache), pythons)
        found = bench.rounds(BUNDLED_CORPUS, questions, 1, DEEP)
        costs = bench.rounds(BUNDLED_CORPUS, questions[:TIMED], options.rounds)
        _print({system: runs[0] for system, runs in found.items() if system in costs}, costs, questions)
        if options.laws and is_there(options.stard):
            laws = Path(folder, "laws")
            characters = write_laws(load_stard(options.stard), options.laws, laws)
            print(f"\nSTARD 的前 {options.laws:,} 条（{characters:,} 字），只建索引", flush=True)
            print("\n".join(cost_table(bench.rounds(laws, [], options.rounds), characters)))
    return 0


def _pythons(systems: Sequence[System], folder: Path) -> dict[System, Path]:
    """The interpreter of each system that can run."""
    found = {}
    for system in systems:
        try:
            if not system.environment:
                found[system] = Path(sys.executable)
                continue
            print(f"准备 {system.name} 的环境…", file=sys.stderr, flush=True)
            requirements = Path(__file__).with_name(f"{system.environment}.txt")
            found[system] = prepared(folder / system.environment, requirements)
        except WenceError as error:
            print(f"略过 {system.name}：{error}", flush=True)
    return found


@dataclass(slots=True)
class Bench:
    """What every run shares; a recipe that fails once is left out from then on."""

    folder: Path
    """For what runs write."""
    model: Path
    pythons: dict[System, Path]

    def rounds(
        self, documents: Path, questions: Sequence[Question], count: int, deep: int = 0
    ) -> dict[System, list[Run]]:
        """Run all recipes `count` times, turn about, so that whatever else the machine does falls on all alike."""
        asked, out = self.folder / "questions.jsonl", self.folder / "out.jsonl"
        rows = (
            {"id": q.id, "question": q.question, "history": [asdict(t) for t in q.history], "region": q.region}
            for q in questions
        )
        asked.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        runs: dict[System, list[Run]] = {system: [] for system in self.pythons}
        for number in range(count):
            for system, python in list(self.pythons.items()):
                print(f"  第 {number + 1} 遍 {system.name}", file=sys.stderr, flush=True)
                try:
                    runs[system].append(run(system, python, documents, self.model, asked, out, deep))
                except WenceError as error:
                    print(f"略过 {system.name}：{error}", flush=True)
                    del self.pythons[system], runs[system]
        return runs


def _print(found: Mapping[System, Run], costs: Mapping[System, Sequence[Run]], questions: Sequence[Question]) -> None:
    single = [q for q in questions if not q.history]
    follow_ups = [q for q in questions if q.history]
    characters = sum(len("".join(f.read_text(encoding="utf-8").split())) for f in BUNDLED_CORPUS.glob("*.txt"))
    print(f"\n五份政策（{characters:,} 字），{len(single)} 个单轮问题；问策的排序权重在这些题上拟合过")
    print("\n".join(finding_table(found, single)) + "\n")
    print("\n".join(budget_table(found, single)) + "\n")
    if follow_ups:
        print(f"{len(follow_ups)} 个追问（别家的默认做法只看这一句）")
        print("\n".join(budget_table(found, follow_ups)) + "\n")
    print("\n".join(cost_table(costs, characters)))
    lines = behind(costs, found, single)
    print("\n问策没有领先的：" + ("；".join(lines) if lines else "没有"), flush=True)


def write_laws(stard: Stard, count: int, folder: Path) -> int:
    """The first `count` articles as files, a law each; returns their characters."""
    laws: dict[str, list[str]] = {}
    for clause in stard.clauses[:count]:
        laws.setdefault(clause.document_id, [clause.document_id, ""]).append(f"{clause.label}　{clause.text}")
    folder.mkdir()
    for number, lines in enumerate(laws.values()):
        (folder / f"law-{number:04d}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(len("".join(line.split())) for lines in laws.values() for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
