"""`wence eval mutate`: a test of the tests. Right sentences are made wrong in one way each, and guard and judge are
asked: which kinds do they catch, and how often do they object to what is right?

    right sentences → mutations that really change the meaning, and sentences left right → guard and judge → table

Right sentences are those that cannot be wrong: words taken verbatim from the clause that is cited, or claims that
people have labelled as supported. `evals.mutate` makes the mutations; here they are sifted, since a wrong version
that the clause happens to support after all would be counted against whoever accepts it.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.guard import check
from assistant.quantities import find_quantities
from assistant.verdict import Evidence
from evals.arguments import dataset_path
from evals.corpus import Corpus
from evals.folder import OUTPUTS, Record, read_lines, write_lines
from evals.guard_figures import evidence_of as evidence_of_claim
from evals.guard_figures import read_claims
from evals.judge_figures import Share
from evals.mutate import KINDS, Mutation, harmless, mutate
from evals.questions import GoldFinder, load_questions, squeeze
from evals.tables import columns
from evals.verdicts import evidence_of, text_of
from index.errors import InputError, UsageError
from index.passages import sentence_spans

if TYPE_CHECKING:
    from evals.judge import Judge

NAMES = {
    "figure": "数字", "unit": "单位", "cap": "上限", "condition": "条件", "modality": "语气", "negation": "否定", "department": "部门",
    "region": "地区", "year": "年份和期限", "status": "文件状态", "added": "添加", "entity": "专名", "scope": "范围", "relation": "张冠李戴",
    "original": "原句", "reworded": "同义改写", "numeral": "数字换写法",
}  # fmt: skip
"""Kinds of sentences as the table calls them; the last three are right."""
RIGHT = ("original", "reworded", "numeral")
FITTED = ("added", "entity")
"""Kinds of which the guard's weights have seen mutations of the bundled clauses (evals/fit_guard.py)."""
LIMIT = 60
"""Sentences of a kind when no number is asked for: an interval of ±0.06 about 0.95."""
TRIES = 4
"""Draws for a kind until one changes the meaning."""
MIN_CHARS = 10
_OPENED = re.compile(r"^(现行有效的政策规定|已经正式施行的文件明确|该政策目前已经生效|企业可以直接依据答复函申请)")


@dataclass(frozen=True, slots=True)
class Right:
    """A sentence that its evidence supports."""

    text: str
    evidence: tuple[Evidence, ...]
    """For the guard, with what is known of the document."""
    shown: tuple[str, ...]
    """For the judge: all that a reader sees of the clause."""

    @property
    def ground(self) -> str:
        """Everything the evidence says, squeezed for comparing."""
        parts = [
            p for e in self.evidence for p in (e.text, e.department_text, e.document, e.number, e.heading, e.issuer)
        ]
        return squeeze("\n".join([*parts, *self.shown]))


def of_run(folder: Path) -> Iterator[Right]:
    """Sentences of a run's answers that are verbatim words of the clauses they cite."""
    for record in read_lines(folder / OUTPUTS):
        numbers = {c["n"]: c for c in record["citations"]}
        for sentence in record["sentences"]:
            cited = [numbers[n] for n in sentence["citations"] if n in numbers]
            if sentence["support"] == "verbatim" and cited:
                yield Right(sentence["text"], tuple(map(evidence_of, cited)), tuple(map(text_of, cited)))


def of_claims(path: Path) -> Iterator[Right]:
    """Claims that are labelled as supported."""
    for claim in read_claims(path):
        if claim.label == "supported":
            departments = [claim.departments] if claim.departments and len(claim.evidence) == 1 else []
            shown = ["\n".join([text, *departments]) for text in claim.evidence]
            yield Right(claim.claim, evidence_of_claim(claim), tuple(shown))


def of_questions(path: Path, corpus: Corpus) -> Iterator[Right]:
    """The sentences of the clauses that hold the gold quotes of a question set."""
    clauses = {c.clause_id: c for s in corpus.sources.values() for c in s.clauses}
    finder = GoldFinder(list(clauses.values()))
    for question in load_questions(path):
        for gold in question.gold:
            for clause in (clauses[i] for i in sorted(finder.clause_ids(gold))):
                evidence = Evidence.of(clause)
                shown = "\n".join(filter(None, [clause.text, clause.department_text]))
                if clause.department_text:
                    yield Right(clause.department_text.strip("（）()[]"), (evidence,), (shown,))
                for span in sentence_spans(clause.text):
                    yield Right(clause.text[span.start : span.end].strip(), (evidence,), (shown,))


def changes_meaning(made: Mutation, right: Right) -> bool:
    """Whether a mutation says something that the evidence does not.

    What only changes the writing (市科委 for 市科委, 最高不超过 for 不超过), what the evidence also says elsewhere, and
    a standing that the document really has are no errors.
    """
    text, ground = squeeze(made.text), right.ground
    if text == squeeze(right.text) or text in ground:
        return False
    if made.kind == "status":
        opened = _OPENED.match(made.text)
        wanted = {"reply"} if opened and "答复函" in opened.group() else {"draft", "reply", "expired", "repealed"}
        return any(e.status in wanted for e in right.evidence)
    if made.kind in ("figure", "unit", "year", "cap"):
        before, after = _quantities(right.text), _quantities(made.text)
        new = after - before
        known = _quantities("\n".join(e.text for e in right.evidence))
        return before != after and (made.kind == "cap" or not new <= known)
    new_words = _new_words(made.text, right.text)
    if made.kind in ("department", "region", "entity", "scope"):
        return bool(new_words) and new_words not in ground
    if made.kind == "added":
        said = sum(new_words[i : i + 2] in ground for i in range(len(new_words) - 1))
        return len(new_words) > 3 and said < 0.7 * (len(new_words) - 1)
    return True


def _quantities(text: str) -> set[tuple[str, float, str]]:
    return {(q.kind, round(float(q.value), 6), str(q.bound)) for q in find_quantities(text)}


def _new_words(made: str, right: str) -> str:
    """What stands in `made` between the beginning and the end that it shares with `right`, squeezed."""
    a, b = squeeze(made), squeeze(right)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[start : len(a) - end].strip("，。；、")


def variants(
    right: Right, others: Sequence[str], rng: random.Random, kinds: Sequence[str]
) -> tuple[list[Mutation], int]:
    """Those of `kinds` that apply: the sentence as it is, its harmless versions, one wrong version of each kind; and
    how many draws were dropped because they did not change the meaning."""
    made = [Mutation("original", right.text, ""), *harmless(right.text, rng)]
    made = [m for m in made if m.kind in RIGHT and m.kind in kinds]  # a shortened one may lose a condition
    dropped = 0
    for kind in (k for k in KINDS if k in kinds):
        for _ in range(TRIES):
            drawn = mutate(right.text, rng.sample(others, min(5, len(others))), rng, (kind,))
            if not drawn:
                break
            if changes_meaning(drawn[0], right):
                made += drawn
                break
            dropped += 1
    return made, dropped


def drawn(rights: Sequence[Right], limit: int, seed: int) -> tuple[list[tuple[Mutation, Right]], int]:
    """Variants of the sentences in a random order, at most `limit` of each kind: kinds that apply to few sentences get
    as many as those that apply to all. And the number of draws dropped.
    """
    rng = random.Random(seed)
    order = rng.sample(list(rights), len(rights))
    everything = [r.text for r in rights]
    counts: Counter[str] = Counter()
    found: list[tuple[Mutation, Right]] = []
    dropped = 0
    for right in order:
        wanted = [k for k in (*RIGHT, *KINDS) if counts[k] < limit]
        made, lost = variants(right, everything, rng, wanted)
        counts.update(m.kind for m in made)
        found += [(m, right) for m in made]
        dropped += lost
    return found, dropped


def _row(name: str, made: Mutation, right: Right, judge: Judge | None) -> Record:
    first = right.evidence[0]
    guarded = check(made.text, right.evidence)
    row: Record = {
        "id": name, "claim": made.text, "evidence": list(right.shown), "document": "", "document_status": first.status,
        "region": first.region, "departments": "", "label": "supported" if made.kind in RIGHT else "unsupported",
        "kind": made.kind, "note": "" if made.text == right.text else f"原句：{right.text}",
        "guard": {
            "label": "supported" if guarded.supported else "unsupported", "score": guarded.score, "reason": guarded.reason,
        },
    }  # fmt: skip
    if judge is not None:
        row["judge"] = _judged(judge, made.text, right.shown)
    return row


def _judged(judge: Judge, claim: str, evidence: Sequence[str]) -> dict[str, Any]:
    from evals.judge import Unscored

    try:
        found = judge.judge(claim, evidence)
    except Unscored as error:
        return {"label": None, "score": None, "reason": str(error)}
    return {"label": found.label, "score": found.score, "reason": found.reason}


def table(rows: Sequence[Record]) -> str:
    """By kind: number, and the share that each method called unsupported, with Wilson intervals."""
    kinds: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        kinds[row["kind"]].append(row)
    methods = {"guard": "核对（guard）", "judge": "评判（judge）"} if "judge" in rows[0] else {"guard": "核对（guard）"}
    wrong = [k for k in KINDS if k in kinds]
    right = [k for k in RIGHT if k in kinds]

    def lines(title: str, names: Sequence[str]) -> list[list[str]]:
        found = [[title, "句数", *methods.values()]]
        for name in [*names, "合计"]:
            members = [r for k in (names if name == "合计" else [name]) for r in kinds[k]]
            mark = "*" if name in FITTED else ""
            found.append([NAMES.get(name, name) + mark, str(len(members)), *(_share(members, m) for m in methods)])
        return found

    text = "\n".join(columns(lines("改错的句子：抓住", wrong))) if wrong else "没有一句能改错"
    text += "\n\n" + "\n".join(columns(lines("没错的句子：误报", right)))
    if any(k in FITTED for k in wrong):
        text += "\n* 核对的权重见过这两类改法（改的是自带条款），它在这两类上的数字偏高"
    return text


def _share(rows: Sequence[Record], method: str) -> str:
    graded = [r[method]["label"] for r in rows if r[method]["label"]]
    share = Share.of(sum(label == "unsupported" for label in graded), len(graded))
    unscored = len(rows) - len(graded)
    shown = f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]" if share else "–"
    return shown + (f"（未评 {unscored}）" if unscored else "")


def missed(rows: Sequence[Record], method: str, n: int = 3) -> list[str]:
    """The first wrong sentences that a method accepted, of different kinds."""
    found: dict[str, str] = {}
    for row in rows:
        if row["kind"] not in RIGHT and row[method]["label"] == "supported":
            found.setdefault(row["kind"], f"  {NAMES[row['kind']]}：{row['claim']}")
    return list(found.values())[:n]


def run_mutations(options: argparse.Namespace) -> int:
    """wence eval mutate RUN | --dataset NAME|FILE, --out FILE [--limit N] [--seed N] [--no-judge | --judge-llm]."""
    from tqdm import tqdm

    if (options.folder is None) == (options.dataset is None):
        raise UsageError("请给出一个评测文件夹，或 --dataset 题集，二者取一")
    rights = list({(r.text, r.shown): r for r in _rights(options) if len(r.text) >= MIN_CHARS}.values())
    if not rights:
        raise InputError("没有可改的句子：评测里没有逐字引用的句子，或题集没有依据")
    judge = None if options.no_judge else _judge(options.judge_llm)
    made, dropped = drawn(rights, options.limit or LIMIT, options.seed)
    bar = tqdm(made, desc="核对", unit="句", file=sys.stderr)
    rows = [_row(f"m{n:04d}", m, right, judge) for n, (m, right) in enumerate(bar, 1)]
    write_lines(options.out, rows)
    print(table(rows))
    for method, name in (("guard", "核对"), ("judge", "评判")):
        if method in rows[0] and (examples := missed(rows, method)):
            print(f"\n{name}漏掉的，例如：\n" + "\n".join(examples))
    wrong = sum(r["kind"] not in RIGHT for r in rows)
    print(
        f"\n取自 {len(rights)} 个原句：改错 {wrong} 句，没错 {len(rows) - wrong} 句"
        f"（另有 {dropped} 次改后意思没变，不算）；逐句结果在 {options.out}"
    )
    return 0


def _judge(llm: bool) -> Judge:
    from assistant.settings import load_settings
    from evals.running import open_judge

    return open_judge(load_settings(), llm)


def _rights(options: argparse.Namespace) -> Iterator[Right]:
    if options.folder is not None:
        return of_run(options.folder)
    path = dataset_path(options.dataset)
    first = next((row for row in read_lines(path)), {})
    if "claim" in first:
        return of_claims(path)
    from assistant.settings import BUNDLED_CORPUS

    return of_questions(path, Corpus.read(options.corpus or BUNDLED_CORPUS))
