"""`wence eval label`: a person's verdicts on claims, for checking judge and guard and for calibrating the judge.

    verdicts of a run, or a file of claims → what the machines disagree on first → a person's verdict → labelled claims

The machines' reasons are shown only when asked for: a verdict given after reading them would say little about
them. Every verdict is on disk before the next claim is shown, so that one may stop at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evals.folder import OUTPUTS, VERDICTS, line_of, read_lines, write_text
from evals.keyboard import Keyboard
from evals.schema import ClaimLine
from evals.schema import read_lines as read_claims
from evals.sheets import Row, read_tables, write_csv
from index.errors import InputError, StorageError, UsageError, cause

Label = Literal["supported", "unsupported"]
NAMES: dict[Label, str] = {"supported": "支持", "unsupported": "不支持"}
DEFAULT_OUT = Path("evals") / "claims.human.jsonl"
"""Below WENCE_HOME."""
HUMAN = "human"
"""The kind of a claim that came with none."""
_SAID: dict[str, Label] = {
    "支持": "supported", "有依据": "supported", "supported": "supported", "1": "supported",
    "不支持": "unsupported", "无依据": "unsupported", "没有依据": "unsupported", "unsupported": "unsupported",
    "2": "unsupported",
}  # fmt: skip
_KEYS: dict[str, Label] = {"1": "supported", "2": "unsupported"}
_SKIP, _QUIT = ("3", " "), ("0", "q", "\x04", "")
_HELP = "1 支持  2 不支持  3 跳过  4 先写备注  5 看核对和评判的理由  0 退出"
_SHEET = ("编号", "分歧", "论断", "依据", "判断", "备注")


@dataclass(frozen=True, slots=True)
class Open:
    """A claim that waits for a person."""

    line: dict[str, Any]
    """The line of the claims schema, label aside."""
    machines: Mapping[str, Mapping[str, Any]]
    """核对 (guard) and 评判 (judge) → label, score, reason; what did not judge is left out."""

    @property
    def id(self) -> str:
        """Name of the claim: the same words with the same evidence need no second verdict."""
        return str(self.line["id"])

    @property
    def disagree(self) -> bool:
        """Whether the machines say different things."""
        return len({m["label"] for m in self.machines.values()}) > 1

    @property
    def doubt(self) -> tuple[bool, float]:
        """Sorts what needs a person most to the front: disagreements, then scores near the middle."""
        scores = [abs(float(m["score"]) - 0.5) for m in self.machines.values() if m.get("score") is not None]
        return (not self.disagree, min(scores, default=0.0))


def waiting(source: Path) -> list[Open]:
    """Claims of a run folder or of a JSON Lines file, those that need a person most first.

    Raises:
        InputError: neither; names what is missing or which line is not a claim.
    """
    rows = _of_run(source) if source.is_dir() else _of_file(source)
    return sorted({o.id: o for o in rows}.values(), key=lambda o: o.doubt)


def _of_run(folder: Path) -> Iterable[Open]:
    answers = {r["id"]: r for r in read_lines(folder / OUTPUTS)}
    for row in read_lines(folder / VERDICTS):
        yield _open(row, _cited(answers.get(row["question_id"]), row["sentence"]))


def _cited(answer: Mapping[str, Any] | None, sentence: int) -> dict[str, str]:
    """What is known of the clause that a sentence cites, where it cites one."""
    if answer is None or sentence >= len(answer["sentences"]):
        return {}
    numbers = set(answer["sentences"][sentence]["citations"])
    cited = [c for c in answer["citations"] if c["n"] in numbers]
    if len(cited) != 1:
        return {}
    c = cited[0]
    return {
        "document": str(c["clause_id"]).rsplit(":", 1)[0], "document_status": c.get("status", ""),
        "region": c.get("region", ""), "departments": c.get("department_text", ""),
    }  # fmt: skip


def _of_file(path: Path) -> Iterable[Open]:
    if not path.exists():
        raise InputError(f"找不到 {path}；请给出 `wence eval run` 写成的文件夹，或每行有 claim、evidence 的文件")
    for number, row in enumerate(read_lines(path), 1):
        evidence = row.get("evidence")
        if not (isinstance(row.get("claim"), str) and isinstance(evidence, list) and evidence):
            raise InputError(f"{path} 第 {number} 行：应有 claim（文字）和 evidence（不空的文字列表）")
        yield _open(row, {})


def _open(row: Mapping[str, Any], known: Mapping[str, str]) -> Open:
    evidence = [str(e) for e in row["evidence"]]
    name = hashlib.sha256("\x1f".join([row["claim"], *evidence]).encode("utf-8", "surrogatepass")).hexdigest()
    line = {
        "id": f"h{name[:12]}", "claim": row["claim"], "evidence": evidence,
        **{k: str(known.get(k) or row.get(k) or "") for k in ("document", "document_status", "region", "departments")},
        "kind": str(row.get("kind") or HUMAN),
    }  # fmt: skip
    machines = {"核对": row.get("guard"), "评判": row.get("judge") or row}
    return Open(line, {n: m for n, m in machines.items() if m and m.get("label") in NAMES})


class Labels:
    """The file of a person's verdicts. Appended to line by line; a line cut short by a kill is taken off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _mend(path)
        self.by_id = {line.id: line for _, line in read_claims(path, ClaimLine)} if path.exists() else {}

    def add(self, claim: Open, label: Label, note: str) -> None:
        """Write one verdict at once.

        Raises:
            StorageError: the disk refuses; what was there stays.
        """
        line = _labelled(claim, label, note)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line_of(line.model_dump()))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"无法写入 {self.path}（{cause(error)}）；之前的判断都在，请检查磁盘空间") from None
        self.by_id[line.id] = line

    def replace(self, lines: Iterable[ClaimLine]) -> None:
        """Add or change several at once, all or none."""
        self.by_id |= {line.id: line for line in lines}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, "".join(line_of(line.model_dump()) for line in self.by_id.values()))


def _labelled(claim: Open, label: Label, note: str) -> ClaimLine:
    return ClaimLine.model_validate({**claim.line, "label": label, "note": note})


def _mend(path: Path) -> None:
    try:
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            last = data.rfind(b"\n") + 1
            try:
                json.loads(data[last:])
                path.write_bytes(data + b"\n")
            except ValueError:
                os.truncate(path, last)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"无法读写 {path}（{cause(error)}）；请换一个 --out") from None


def ask(claims: Sequence[Open], labels: Labels, key: Callable[[], str], line: Callable[[], str]) -> None:
    """Show claims one by one and keep the verdicts.

    Args:
        claims: those that have none yet.
        labels: where verdicts go.
        key: waits for one key; "" at the end of input.
        line: reads a line of text.
    """
    for number, claim in enumerate(claims, 1):
        print(_shown(claim, number, len(claims)))
        note = ""
        while (pressed := key()) not in _KEYS:
            if pressed in _QUIT:
                return
            if pressed in _SKIP:
                break
            if pressed == "4":
                print("备注：", end="", flush=True)
                note = line().strip()
            print(_reasons(claim) if pressed == "5" else _HELP)
        if pressed in _KEYS:
            labels.add(claim, _KEYS[pressed], note)
            print(f"→ {NAMES[_KEYS[pressed]]}{f'（{note}）' if note else ''}")


def _shown(claim: Open, number: int, total: int) -> str:
    told = "核对与评判有分歧" if claim.disagree else "核对与评判一致" if len(claim.machines) > 1 else ""
    lines = ["", "─" * 40, f"[{number}/{total}] {told}", f"论断：{claim.line['claim']}"]
    lines += [f"依据{n}：{text}" for n, text in enumerate(claim.line["evidence"], 1)]
    return "\n".join([*lines, _HELP])


def _reasons(claim: Open) -> str:
    return (
        "\n".join(
            f"{name}：{NAMES[m['label']]} {m.get('score', '')} {m.get('reason', '')}".rstrip()
            for name, m in claim.machines.items()
        )
        or "这一条没有核对和评判的结果"
    )


def agreement(claims: Iterable[Open], labels: Mapping[str, ClaimLine]) -> str:
    """How often each machine says what the person says, of the claims that a person has judged."""
    counts: dict[str, list[bool]] = {}
    for claim in claims:
        if claim.id in labels:
            for name, m in claim.machines.items():
                counts.setdefault(name, []).append(m["label"] == labels[claim.id].label)
    return "，".join(f"{name}与人一致 {sum(same)}/{len(same)}" for name, same in counts.items())


def verdicts_of(path: Path, claims: Mapping[str, Open]) -> list[ClaimLine]:
    """A person's verdicts from a sheet (`--sheet` writes one to fill): 编号, 判断 and 备注; an empty 判断 is skipped.

    Raises:
        InputError: the sheet has not these columns, or rows are wrong; all of them are named at once.
    """
    rows, columns = _columns(path)
    found: dict[str, ClaimLine] = {}
    problems = []
    for row in rows:
        name, said, note = (row.cells[i].text if 0 <= i < len(row.cells) else "" for i in columns)
        where = f"{path} 第 {row.number} 行"
        if not name and not said:
            continue
        if said in ("", "跳过", "3"):
            continue
        if name not in claims:
            problems.append(f"{where}“编号”列：没有编号 {name!r} 的论断；请不要改动编号")
        elif said.lower() not in _SAID:
            problems.append(f"{where}“判断”列：应为 支持、不支持 或 跳过，实为 {said!r}")
        elif name in found and found[name].label != _SAID[said.lower()]:
            problems.append(f"{where}“判断”列：编号 {name} 在前面有相反的判断；请只留一个")
        else:
            found[name] = _labelled(claims[name], _SAID[said.lower()], note)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise InputError(f"{path} 有 {len(problems)} 处问题，没有写出判断；请改好后再运行")
    return list(found.values())


def _columns(path: Path) -> tuple[list[Row], tuple[int, int, int]]:
    for table in read_tables(path):
        heads = [c.text for c in table[0].cells] if table else []
        if "编号" in heads and "判断" in heads:
            note = heads.index("备注") if "备注" in heads else -1
            return table[1:], (heads.index("编号"), heads.index("判断"), note)
    raise InputError(f"{path} 第 1 行没有“编号”和“判断”两列；请用 --sheet 写出的表来填")


def label(options: argparse.Namespace) -> int:
    """wence eval label RUN|FILE [--out FILE] [--sheet FILE.csv | --from FILE.csv]."""
    claims = waiting(options.source)
    labels = Labels(options.out or _default_out())
    todo = [c for c in claims if c.id not in labels.by_id]
    if options.sheet:
        return _write_sheet(options.sheet, todo)
    if options.answers:
        new = verdicts_of(options.answers, {c.id: c for c in claims})
        labels.replace(new)
        print(f"收下 {len(new)} 条判断，写入 {labels.path}（共 {len(labels.by_id)} 条）")
    elif not todo:
        print(f"{len(claims)} 条论断都已判断，见 {labels.path}")
    else:
        if not sys.stdin.isatty():
            raise UsageError("这里不是终端，无法按键；请用 --sheet 表.csv 写出清单，填好后用 --from 表.csv 读回")
        print(f"{len(todo)} 条待判断，其中 {sum(c.disagree for c in todo)} 条核对与评判有分歧，排在前面。")
        print("只看依据里的原文：全部有依据才算支持。")
        there = len(labels.by_id)
        try:
            with Keyboard() as keyboard:
                ask(todo, labels, keyboard.key, keyboard.line)
        except KeyboardInterrupt:
            print()
        given = len(labels.by_id) - there
        print(f"\n新判断 {given} 条，共 {len(labels.by_id)} 条，在 {labels.path}；再次运行会接着做")
    if said := agreement(claims, labels.by_id):
        print(said)
    return 0


def _write_sheet(path: Path, todo: Sequence[Open]) -> int:
    if path.exists():
        raise InputError(f"{path} 已经存在；请换一个名字，免得盖掉填好的表")
    rows = [(c.id, "有" if c.disagree else "", c.line["claim"], "\n".join(c.line["evidence"]), "", "") for c in todo]
    write_csv(path, [_SHEET, *rows])
    print(f"{len(todo)} 条待判断的论断写入 {path}；“判断”列填 支持 或 不支持，再用 --from {path} 读回")
    return 0


def _default_out() -> Path:
    from assistant.settings import load_settings

    return load_settings().home / DEFAULT_OUT
