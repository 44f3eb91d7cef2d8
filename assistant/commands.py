"""What each command does. Imports stand inside, so that `wence --help` loads nothing heavy."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import InputError, UsageError, WenceError, cause

if TYPE_CHECKING:
    import datetime as dt

    from assistant.answer import Answer, Recorder, Turn
    from assistant.ask import Assistant
    from assistant.people.openid import Provider
    from assistant.records.database import Database
    from assistant.settings import Settings
    from index.build import Report


def parse(options: argparse.Namespace) -> int:
    """wence parse FILE [--json] [--coverage | --metadata | --text]."""
    from index.catalog import load_catalog
    from index.parse import parse_reading
    from index.reading import catalog_place, read_source

    path = Path(options.file)
    reading = read_source(path)
    if options.text:
        print(reading.text)
        return 0
    folder, name = catalog_place(path)
    parsed = parse_reading(reading, name, load_catalog(folder).get(name))
    if options.metadata:
        from assistant.catalog_commands import show

        show(parsed, options.json)
    elif options.coverage:
        print(
            json.dumps(parsed.receipt.to_json(), ensure_ascii=False)
            if options.json
            else "\n".join(parsed.receipt.lines())
        )
    elif options.json:
        for clause in parsed.clauses:
            print(json.dumps(clause.to_json(), ensure_ascii=False))
    else:
        document = parsed.document
        print(f"《{document.title}》 {document.number} {document.issuer}")
        for clause in parsed.clauses:
            place = " > ".join([*clause.path, f"{clause.label} {clause.title}".strip()])
            departments = "、".join(f"{d.name}{'（牵头）' if d.role == 'lead' else ''}" for d in clause.departments)
            print(
                f"\n[{clause.clause_id}] {place}\n{clause.text}" + (f"\n  部门：{departments}" if departments else "")
            )
        print(f"\n{parsed.receipt.lines()[0]}", file=sys.stderr)
    if not parsed.clauses:
        raise InputError(
            f"{path} 里没有读出任何条款（共 {len(reading.text)} 字）；请用 `wence parse --coverage {path}` 查看每段归到了哪里"
        )
    return 0


def index(options: argparse.Namespace) -> int:
    """wence index [PATH…] [--rebuild] [--watch [--every SECONDS]]."""
    from assistant.library.vault import library_paths
    from assistant.settings import BUNDLED_CORPUS, load_settings
    from index.generation import latest_generation

    settings = load_settings()
    paths = [Path(p) for p in options.path]
    if options.watch:
        if not paths or options.rebuild:
            raise UsageError("--watch 要给出看守的文件夹，不能与 --rebuild 同用，如 `wence index 政策文件夹 --watch`")
        return watch(settings, paths, options.every)
    if not paths and not (options.rebuild and latest_generation(settings.home)):
        paths = [*library_paths(settings.home), BUNDLED_CORPUS]
    report = build(settings, paths, options.rebuild)
    return 1 if report.rows and report.count("rejected") == len(report.rows) else 0


def build(settings: Settings, paths: Sequence[Path], rebuild: bool = False) -> Report:
    """Build the index and print what was done."""
    from assistant.progress import IndexBar, rows_of, summary_of
    from index.build import build_index
    from index.encode import load_encoder

    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    report = build_index(
        settings.home, paths, encoder, place=settings.store_place, rebuild=rebuild, bar=IndexBar.started
    )
    for line in rows_of(report):
        print(line, file=sys.stderr)
    print(summary_of(report))
    for line in _what_changed(settings, report):
        print(line)
    return report


def _what_changed(settings: Settings, report: Report) -> list[str]:
    """A line for each updated document: how many clauses changed, which pinned answers rest on them."""
    updated = [row for row in report.rows if row.before]
    if not updated:
        return []
    from assistant.diff_commands import told_of

    return [line for row in updated if (line := told_of(row, partial(_resting, settings)))]


def watch(settings: Settings, paths: Sequence[Path], every: int) -> int:
    """Index what changes in folders until told to stop."""
    from assistant.watching import Watch, until_told_to_stop
    from index.build import build_index
    from index.encode import load_encoder

    with until_told_to_stop():
        encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
        print(f"正在看守 {'、'.join(map(str, paths))}，每 {every} 秒看一次（按 Ctrl-C 停止）", flush=True)
        build = partial(build_index, settings.home, encoder=encoder, place=settings.store_place)
        Watch(paths, build, every, told=partial(_what_changed, settings)).run()
    return 0


def open_database(settings: Settings) -> Database:
    """The store that the settings name, made or brought up to date when it is not.

    Raises:
        StorageError: it cannot be reached, read or written.
        InputError: its URL cannot be used, or a newer version made it.
    """
    from assistant.records.database import Database

    return Database.open(settings.home, settings.database_url.get_secret_value())


def _store(settings: Settings) -> Database | None:
    """The store of a command that answers. One that cannot be opened is said, and costs nobody the answer."""
    from assistant.records.database import FILE

    wanted = settings.record or settings.database_url.get_secret_value() or (settings.home / FILE).exists()
    try:
        return open_database(settings) if wanted else None  # made for records only; but pinned answers may be there
    except WenceError as error:
        print(f"这次的问答不会留存，也不查核定答案：{error}", file=sys.stderr)
        return None


def _recorder(settings: Settings, database: Database | None) -> Recorder | None:
    """Where a command's answers are kept."""
    from assistant.records.answers import Answers

    return Answers(database) if settings.record and database else None


def open_assistant(
    settings: Settings, llm: bool = True, records: Recorder | None = None, database: Database | None = None
) -> Assistant:
    """The assistant over the current index; with `llm`, the model that the settings name writes.

    It stays on that index unless `index.live.followed` looks after it.

    Args:
        settings: what to open.
        llm: whether a model may write.
        records: where answers are kept.
        database: where answers that people settled are.
    """
    import datetime as dt

    from assistant.ask import Assistant
    from assistant.local_model import LocalModel
    from assistant.model import load_model
    from assistant.writer import Writer
    from index.encode import load_encoder
    from index.errors import StorageError, WeightsError
    from index.generation import current_generation
    from index.live import LiveIndex
    from index.rerank import load_reranker

    current_generation(settings.home)  # a missing index is said before the model is loaded
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    reranker = load_reranker(settings.reranker)
    index = LiveIndex.open(settings.home, encoder, settings.store_place, reranker)
    today = dt.date.fromisoformat(settings.today) if settings.today else None
    model = load_model(settings) if llm else None
    if isinstance(model, LocalModel):
        try:
            model.prepare()  # the first asker should not wait for what a progress bar can show now
        except (WeightsError, StorageError) as error:
            print(f"语言模型不可用，改用条款原文作答：{error}", file=sys.stderr)
            model = None
    writer = Writer(model, settings.llm_seconds) if model else None
    pins = None
    if database:
        from assistant.review.board import Boards

        pins = Boards(database)
    return Assistant(index, writer, records, settings.region, today, pins)


def place(name: str) -> str:
    """Full name of a region as the index keeps it (上海 → 上海市); "" stays "".

    Raises:
        UsageError: no region is called so.
    """
    from index.regions import mentioned_regions

    if not name.strip():
        return ""
    regions = mentioned_regions(name).regions
    if len(regions) != 1:
        raise UsageError(f"不认识地区 {name!r}；应为一个省市的名字，如 上海市")
    return regions[0]


def day(text: str) -> dt.date | None:
    """A day as typed, YYYY-MM-DD; "" is none.

    Raises:
        UsageError: it is no day.
    """
    import datetime as dt

    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} 不是日期；应为 2024-05-01 这样的格式") from None


def catalog(options: argparse.Namespace) -> int:
    """wence catalog show | edit: facts about a document, where they were read, and their correction."""
    from assistant.catalog_commands import run
    from assistant.settings import load_settings

    return run(options, load_settings().home)


def diff(options: argparse.Namespace) -> int:
    """wence diff A B: clause by clause what changed, and what rests on it."""
    from importlib import import_module

    from assistant.diff_commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    # The evaluators' questions live above this package and are found by name.
    questions = import_module("evals.touched").questions_touching
    return run(options, settings.home, partial(_resting, settings), questions)


def _resting(settings: Settings, clause_ids: Collection[str]) -> list[str]:
    """Questions of the pinned answers that cite one of these clauses."""
    from assistant.records.database import FILE

    kept = settings.database_url.get_secret_value() or (settings.home / FILE).exists()
    database = _store(settings) if clause_ids and kept else None
    if database is None:
        return []
    from assistant.review.touched import pins_resting_on

    return [pin.question for pin in pins_resting_on(database, clause_ids)]


def search(options: argparse.Namespace) -> int:
    """wence search QUESTION [--top N] [--region R] [--json]."""
    from assistant.gathering import look
    from assistant.settings import load_settings
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
            print(f"{rank}. {scored.clause.address} {scored.clause.title}\n   {scored.clause.text}\n")
    if not found.ranked:
        print("没有找到条款", file=sys.stderr)
    return 0 if found.ranked else 1


def ask(options: argparse.Namespace) -> int:
    """wence ask QUESTION [--json] [--no-llm] [--history FILE], or --batch IN --out OUT."""
    from assistant.answer import Asker
    from assistant.settings import load_settings

    if options.batch or options.out:
        if not (options.batch and options.out) or options.question:
            raise UsageError("成批提问要同时给 --batch IN.jsonl 和 --out OUT.jsonl，且不带问题")
        if options.as_of:
            raise UsageError("成批提问时日期写在每行的 as_of 里，不能再给 --as-of")
        if options.history:
            raise UsageError("成批提问时对话写在每行的 history 里，不能再给 --history")
        from assistant.batch import run_batch

        settings = load_settings()
        database = _store(settings)
        opened = partial(
            open_assistant, llm=not options.no_llm, records=_recorder(settings, database), database=database
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
    database = _store(settings)
    assistant = open_assistant(settings, not options.no_llm, _recorder(settings, database), database)
    answer = assistant.answer(options.question, history, Asker(region), as_of=as_of)
    print(json.dumps(answer.to_json(), ensure_ascii=False) if options.json else _readable(answer))
    return 0


def _readable(answer: Answer) -> str:
    lines = [answer.text]
    lines += [f"提示：{notice}" for notice in answer.notices]
    if answer.citations:
        lines.append("依据：")
        lines += [f"[{c.n}] {c.clause.address} {c.clause.title}\n    {c.clause.text}" for c in answer.citations]
    return "\n".join(lines)


def read_history(path: Path) -> list[Turn]:
    """Earlier turns from a JSON file.

    Raises:
        InputError: not a list of {role, content}.
    """
    try:
        return turns_of(json.loads(path.read_text(encoding="utf-8-sig")), str(path))
    except OSError as error:
        raise InputError(f"无法读取 {path}（{cause(error)}）；请检查路径") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} 不是 UTF-8（第 {error.start} 字节）；请另存为 UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path} 不是 JSON（{cause(error)}）；应为 [{{"role": "user", "content": "…"}}]') from None


def turns_of(rows: object, where: str) -> list[Turn]:
    """Turns from parsed JSON; `where` is for the message."""
    from assistant.answer import Turn

    turns = []
    for row in rows if isinstance(rows, list) else [None]:
        if (
            not isinstance(row, dict)
            or row.get("role") not in ("user", "assistant")
            or not isinstance(row.get("content"), str)
        ):
            shown = rows if row is None else row
            raise InputError(f"{where}：history 应为 [{{role: user|assistant, content: 文字}}]，实为 {str(shown)[:60]}")
        turns.append(Turn(row["role"], row["content"]))
    return turns


def chat(options: argparse.Namespace) -> int:
    """wence chat: a conversation in the terminal."""
    from uuid import uuid4

    from assistant.answer import Asker, Turn
    from assistant.settings import load_settings

    asker = Asker(place(options.region), conversation=uuid4().hex)
    settings = load_settings()
    database = _store(settings)
    assistant = open_assistant(settings, not options.no_llm, _recorder(settings, database), database)
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
        print(_readable(answer) + "\n")
        history += [Turn("user", question), Turn("assistant", answer.text)]
    return 0


def serve(options: argparse.Namespace) -> int:
    """wence serve: the web page; builds the index first if there is none."""
    from assistant.library.vault import library_paths
    from assistant.settings import BUNDLED_CORPUS, load_settings
    from index.errors import IndexMissingError
    from index.generation import current_generation

    settings = load_settings()
    from assistant.records.answers import Answers
    from assistant.records.retention import prune_quietly
    from assistant.review.board import Boards
    from assistant.review.keeper import Keeper
    from assistant.server import serve as run
    from assistant.server import take_port
    from index.live import followed

    listener = take_port(options.host, options.port)  # a port in use is said before anything is built
    try:
        try:
            current_generation(settings.home)
        except IndexMissingError:
            print(f"还没有索引，先收录自带的政策文件（{settings.home}）…", file=sys.stderr)
            build(settings, [*library_paths(settings.home), BUNDLED_CORPUS])
        database = open_database(settings)
        records = Answers(database) if settings.record else None
        assistant = open_assistant(settings, records=records, database=database)
        with followed(assistant.index), Keeper(Boards(database), assistant, settings.home):
            run(
                assistant, options.host, options.port, listener, settings.home, database,
                secret=settings.secret.get_secret_value(), keyless=settings.keyless, proxies=settings.proxies,
                openid=_provider(settings), pages=_evaluators_pages(settings),
                chores=[partial(prune_quietly, database, settings.keep_days)],
            )  # fmt: skip
    finally:
        listener.close()
    return 0


def _provider(settings: Settings) -> Provider | None:
    """Who vouches for people by OpenID Connect."""
    from assistant.people.openid import Provider

    if not settings.oidc_issuer:
        return None
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(),
        settings.oidc_name, settings.oidc_name_claim, settings.oidc_role_claim,
    )  # fmt: skip


def _evaluators_pages(settings: Settings) -> list[Any]:
    """`/evals`, which lives above this package and is found by name."""
    from importlib import import_module

    folders = [settings.runs] if settings.runs else [settings.home / "runs", Path("runs").absolute()]
    return [import_module("evals.page").evaluators_page(folders)]


def sites(options: argparse.Namespace) -> int:
    """wence sites add | list | remove: whose pages and servers may use this installation."""
    from assistant.settings import load_settings
    from assistant.web.site_commands import run

    if options.action == "add":
        options.region = place(options.region)
    settings = load_settings()
    return run(options, settings.home, open_database(settings))


def people(options: argparse.Namespace) -> int:
    """wence people add | list | remove | role | password | unlock | openid: who may sign in."""
    from assistant.people.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    return run(options, open_database(settings), settings.oidc_issuer)


def records(options: argparse.Namespace) -> int:
    """wence records import | backup | export | prune: what an operator does with the store."""
    from assistant.records.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    return run(options, settings.home, open_database(settings), settings.keep_days)


def review(options: argparse.Namespace) -> int:
    """wence review collect | list: open questions and pinned answers, without the pages."""
    from assistant.review.commands import run
    from assistant.settings import load_settings

    settings = load_settings()
    database = open_database(settings)
    return run(options, open_assistant(settings, llm=False, database=database), database, settings.home)


def store(options: argparse.Namespace) -> int:
    """wence store show | copy FROM TO."""
    from assistant import store_commands

    return store_commands.store(options)


def tune(options: argparse.Namespace) -> int:
    """wence tune FILE… [--out FOLDER] [--epochs N]."""
    from assistant import tune_commands

    return tune_commands.tune(options)


def mcp(options: argparse.Namespace) -> int:
    """wence mcp: search and clauses as tools for other programs, over standard input and output."""
    from assistant.mcp_server import build_server
    from assistant.settings import load_settings
    from index.live import followed

    assistant = open_assistant(load_settings(), llm=False)
    with followed(assistant.index):
        build_server(assistant).run("stdio")
    return 0


def check(options: argparse.Namespace) -> int:
    """wence check: each precondition ok, warn or fail with its remedy."""
    from assistant.check import run_checks
    from assistant.settings import load_settings

    marks = {"ok": "正常", "warn": "注意", "fail": "失败"}
    results = run_checks(load_settings())
    for result in results:
        print(
            f"[{marks[result.state]}] {result.name}：{result.detail}" + (f"；{result.remedy}" if result.remedy else "")
        )
    return 1 if any(r.state == "fail" for r in results) else 0


def eval(arguments: Sequence[str]) -> int:  # noqa: A001 - the command's name
    """wence eval …: the evaluation commands live above this package and are found by name."""
    from importlib import import_module

    return int(import_module("evals.__main__").main(arguments))
