"""`wence search`, `wence ask` and `wence chat`: questions and answers in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from uuid import uuid4

from assistant.answer import Answer, Asker, Turn
from assistant.arguments import day, place, read_history
from assistant.installation import open_assistant, recorder_of, store_of
from assistant.settings import load_settings
from index.clause import Clause
from index.errors import InputError, UsageError


def search(options: argparse.Namespace) -> int:
    """wence search QUESTION [--top N] [--region R] [--json]."""
    from assistant.gathering import look
    from assistant.understand import clean

    question = clean(options.question)[0]
    if not any(c.isalnum() for c in question):
        raise InputError("问题里没有文字；请写明想找什么，如 `wence search 首台套补贴`")
    region = place(options.region)
    assistant = open_assistant(load_settings(), llm=False)
    found = look(assistant.searcher, question, options.top, region or assistant.region, assistant.today)
    for rank, scored in enumerate(found.ranked, 1):
        if options.json:
            record = {"rank": rank, "score": round(scored.score, 4), **scored.clause.to_json()}
            print(json.dumps(record, ensure_ascii=False))
        else:
            print(f"{rank}. {headline(scored.clause)}\n   {scored.clause.text}\n")
    if not found.ranked:
        print("没有找到条款", file=sys.stderr)
    return 0 if found.ranked else 1


def ask(options: argparse.Namespace) -> int:
    """wence ask QUESTION [--json] [--no-llm] [--history FILE], or --batch IN --out OUT."""
    if options.batch or options.out:
        if not (options.batch and options.out) or options.question:
            raise UsageError("成批提问要同时给 --batch IN.jsonl 和 --out OUT.jsonl，且不带问题")
        if options.as_of:
            raise UsageError("成批提问时日期写在每行的 as_of 里，不能再给 --as-of")
        if options.history:
            raise UsageError("成批提问时对话写在每行的 history 里，不能再给 --history")
        from assistant.batch import run_batch

        settings = load_settings()
        database = store_of(settings)
        opened = partial(
            open_assistant, llm=not options.no_llm, records=recorder_of(settings, database), database=database
        )
        return run_batch(opened, settings, Path(options.batch), Path(options.out), place(options.region))
    as_of = day(options.as_of)
    if options.question is None:
        raise UsageError("没有问题；请写成 `wence ask 首台套最高补多少`")
    if not options.question.strip():
        raise InputError("问题是空的；请写明想问什么，如 `wence ask 首台套最高补多少`")
    region = place(options.region)
    history = read_history(Path(options.history)) if options.history else []
    settings = load_settings()
    database = store_of(settings)
    assistant = open_assistant(settings, not options.no_llm, recorder_of(settings, database), database)
    answer = assistant.answer(options.question, history, Asker(region), as_of=as_of)
    print(json.dumps(answer.to_json(), ensure_ascii=False) if options.json else readable(answer))
    return 0


def chat(options: argparse.Namespace) -> int:
    """wence chat: a conversation in the terminal."""
    asker = Asker(place(options.region), conversation=uuid4().hex)
    settings = load_settings()
    database = store_of(settings)
    assistant = open_assistant(settings, not options.no_llm, recorder_of(settings, database), database)
    history: list[Turn] = []
    print("问策：请输入问题，空行或 Ctrl-D 结束。")
    while True:
        try:
            question = input("问> ").strip()
        except EOFError:
            break
        if not question:
            break
        answer = assistant.answer(question, history, asker)
        print(readable(answer) + "\n")
        history += [Turn("user", question), Turn("assistant", answer.text)]
    return 0


def headline(clause: Clause) -> str:
    """A clause's address and title, and how it stands where it does not hold as printed."""
    return f"{clause.address} {clause.title}" + (f"（{clause.standing}）" if clause.standing else "")


def readable(answer: Answer) -> str:
    """An answer for a terminal: its text, notices, and the clauses it rests on."""
    lines = [answer.text]
    lines += [f"提示：{notice}" for notice in answer.notices]
    if answer.citations:
        lines.append("依据：")
        lines += [f"[{c.n}] {headline(c.clause)}\n    {c.clause.text}" for c in answer.citations]
    return "\n".join(lines)
