"""`wence check`: each precondition ok, warn or fail, with what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal
from urllib.parse import urlsplit

from assistant.settings import Settings
from index.errors import WenceError, cause

FREE_BYTES = 1_500_000_000
"""Unpacked weights take 480 MB, twice that while they are being unpacked."""


@dataclass(frozen=True, slots=True)
class Result:
    """One precondition."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


def run_checks(settings: Settings) -> list[Result]:
    """All checks in the order in which they depend on each other; a failing one never stops the rest."""
    checks: list[Callable[[Settings], Iterator[Result]]] = [
        _python,
        _folders,
        _model,
        _reranker,
        _index,
        _token,
        _writer,
        _records,
        _library,
        _keyless,
    ]
    results: list[Result] = []
    for check in checks:
        try:
            results += check(settings)
        except WenceError as error:
            results.append(Result(_NAMES[check.__name__], "fail", str(error)))
    return results


_NAMES = {
    "_python": "Python",
    "_folders": "文件夹",
    "_model": "向量模型",
    "_reranker": "重排模型",
    "_index": "索引",
    "_token": "向量服务口令",
    "_writer": "语言模型",
    "_records": "记录库",
    "_library": "文件库",
    "_keyless": "免密钥",
}


def _python(settings: Settings) -> Iterator[Result]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Result("Python", "ok" if good else "fail", version, "" if good else "需要 3.11 或更新的版本")


def _folders(settings: Settings) -> Iterator[Result]:
    unwritable: Literal["warn", "fail"]
    for name, folder, unwritable, remedy in (
        ("数据文件夹 WENCE_HOME", settings.home, "fail", "请检查权限，或用 WENCE_HOME 换一个文件夹"),
        ("缓存文件夹 WENCE_CACHE", settings.cache, "warn", "模型已解压时不影响使用；否则请用 WENCE_CACHE 换一个文件夹"),
    ):  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=folder, prefix=".write-test-") as probe:
                probe.write(b"x")
                probe.flush()
        except OSError as error:
            yield Result(name, unwritable, f"{folder} 不能写入（{cause(error)}）", remedy)
            continue
        free = shutil.disk_usage(folder).free
        state: Literal["ok", "warn"] = "ok" if free > FREE_BYTES else "warn"
        yield Result(name, state, f"{folder}，剩余 {free / 1e9:.1f} GB", "" if state == "ok" else "建议至少留出 1.5 GB")


def _model(settings: Settings) -> Iterator[Result]:
    from index.encode import load_encoder

    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    vector = encoder.encode_queries(["测试"])[0]
    yield Result("向量模型", "ok", f"{encoder.name}，{len(vector)} 维")


def _reranker(settings: Settings) -> Iterator[Result]:
    """None is the rule; one that is named must load and score."""
    from index.rerank import DEPTH, load_reranker

    reranker = load_reranker(settings.reranker)
    if reranker:
        reranker.scores("测试", ["测试", "条款"])
        yield Result("重排模型", "ok", f"{reranker.name}，重排前 {DEPTH} 条")


def _index(settings: Settings) -> Iterator[Result]:
    from index.contents import read_documents
    from index.encode import load_encoder
    from index.generation import current_generation, read_stamp
    from index.search import Searcher

    folder = current_generation(settings.home)
    encoder = load_encoder(settings.embedding, settings.cache, settings.embedding_backend)
    searcher = Searcher.open(settings.home, encoder, settings.store_place)
    store: Any = searcher.store
    vectors, expected = store.count(), read_stamp(folder).passages
    detail = f"{len(searcher.documents)} 份文件，{vectors} 个向量，{searcher.version}"
    if vectors != expected:
        yield Result("索引", "fail", f"{detail}，应有 {expected} 个向量", "请运行 `wence index` 补齐")
        return
    searcher.search("政策", top=1)
    yield Result("索引", "ok", detail)
    gone = [noted["path"] for _, noted in read_documents(folder) if not Path(noted["path"]).is_file()]
    if gone:
        yield Result("原文件", "warn", f"{len(gone)} 份已不在原处，如 {gone[0]}", "索引仍可用；重建前请放回")


def _records(settings: Settings) -> Iterator[Result]:
    """A store of an earlier version is left as it is: the next start brings it up to date."""
    from assistant.records.audit import verify
    from assistant.records.database import FILE, Database
    from assistant.records.earlier import FOLDER, files_of

    url = settings.database_url.get_secret_value()
    if not url and not (settings.home / FILE).exists():
        yield Result("记录库", "ok", f"{settings.home / FILE}，首次启动时建立")
    else:
        database = Database.open(settings.home, url, upgrade=False)
        old = "" if database.version == database.newest else f"，下次启动时升级到 {database.newest}"
        yield Result("记录库", "ok", f"{database.name}，版本 {database.version or '（空）'}{old}{_room(database.path)}")
        if not old:
            chain = verify(database)
            if chain.broken:
                yield Result("审计", "fail", f"第 {chain.broken} 行与前文不符，有人改动过", "请与备份比对，并保留现场")
            else:
                yield Result("审计", "ok", f"{chain.rows} 行，逐行相扣，末行校验值 {chain.head[:16]}")
        database.close()
    if any(files_of(settings.home / FOLDER)):
        yield Result("早先的记录", "warn", f"在 {settings.home / FOLDER}", "用 `wence records import` 导入后可移走")


def _library(settings: Settings) -> Iterator[Result]:
    """Its files lie in WENCE_HOME; servers that share the store and not the home each lack those of the others."""
    from assistant.library.items import Items, State
    from assistant.library.vault import Vault
    from assistant.records.database import FILE, Database

    url = settings.database_url.get_secret_value()
    if not (url or (settings.home / FILE).exists()):
        return
    database = Database.open(settings.home, url, upgrade=False)
    if database.version == database.newest:  # earlier stores have no library
        vault = Vault(settings.home)
        items = [item for item in Items(database).all() if item.state is not State.UNREADABLE]
        gone = [item.name for item in items if not vault.holds(item.hash)]
        if gone:
            remedy = "请用 `wence records restore` 从备份取回，或重新上传"
            if url:
                remedy = "几台服务器共用记录库时，请让它们共用 WENCE_HOME；否则每台只管、只回答在自己那里发布的文件"
            yield Result("文件库", "warn", f"{len(gone)} 份文件的原件不在 {settings.home}，如 {gone[0]}", remedy)
        elif items:
            yield Result("文件库", "ok", f"{len(items)} 份文件，原件都在")
    database.close()


def _keyless(settings: Settings) -> Iterator[Result]:
    """A registered site means visitors, mostly through a proxy on this machine; one that hides itself looks local."""
    from assistant.records.database import FILE, Database
    from assistant.web.sites import Sites

    url = settings.database_url.get_secret_value()
    if not settings.keyless or not (url or (settings.home / FILE).exists()):
        return
    database = Database.open(settings.home, url, upgrade=False)
    count = len(Sites(database).all())
    database.close()
    if count:
        yield Result(
            "免密钥", "warn", f"已登记 {count} 个站点，而本机程序不用密钥（WENCE_KEYLESS=true）",
            "若有反向代理在本机把外面的请求转来，请设 WENCE_KEYLESS=false：不加 X-Forwarded-For 的代理看起来就是本机程序",
        )  # fmt: skip


def _room(path: Path | None) -> str:
    if path is None:
        return ""
    return f"，{path.stat().st_size / 1e6:.1f} MB，磁盘剩余 {shutil.disk_usage(path.parent).free / 1e9:.1f} GB"


def _token(settings: Settings) -> Iterator[Result]:
    """It goes with every request; without encryption, whoever stands between can read it."""
    from assistant.web.origins import is_loopback

    place = settings.store_place.removeprefix("milvus:")
    if not settings.store_token:
        return
    if not place.startswith(("http://", "https://")):
        yield Result("向量服务口令", "warn", "设置了 WENCE_STORE_TOKEN，而向量不在服务上", "请去掉它，或设 WENCE_STORE")
    elif place.startswith("http://") and not is_loopback(urlsplit(place).hostname or ""):
        yield Result("向量服务口令", "warn", f"口令不加密地发往 {place}", "请让服务（或它前面的代理）用 https")


def _writer(settings: Settings) -> Iterator[Result]:
    """A model is asked for one word; without one, answers are in the clauses' words, which is no failure."""
    from assistant.model import ModelError, load_model

    model = load_model(settings)
    if model is None:
        missing = "" if settings.llm == "none" else "；要用本机模型请运行 `pip install 'wence[local]'`"
        yield Result("语言模型", "ok", f"未使用，答案逐句摘自条款原文（WENCE_LLM={settings.llm}）{missing}")
        return
    try:
        reply = "".join(model.stream([{"role": "user", "content": "只回答一个字：好"}], 8))
    except ModelError as error:
        yield Result("语言模型", "warn", f"{model.name}：{error}", "暂以条款原文作答；请检查 WENCE_LLM 各项设置")
        return
    yield Result("语言模型", "ok" if reply.strip() else "warn", f"{model.name}，已应答")
