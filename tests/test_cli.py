"""`wence`: every command, its JSON and its exit status, and one clear line for whatever is wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.settings import BUNDLED_CORPUS
from index.generation import current_generation
from tests.conftest import Ran

Wence = Callable[..., Ran]

CLAUSE = {
    "clause_id", "document_id", "document_title", "document_number", "issuer", "region", "status", "path", "label",
    "title", "text", "departments", "source", "footnotes",
}  # fmt: skip
ANSWER = {
    "question", "standalone_question", "answer", "sentences", "citations", "notices", "refused", "refusal_reason",
    "retrieved", "mode", "model", "prompt_version", "index_version", "timings_ms",
}  # fmt: skip
CITATION = {
    "n", "clause_id", "document_title", "document_number", "status", "label", "path", "text", "departments", "quote",
    "source_url",
}  # fmt: skip
HEAVY = {
    "torch", "chromadb", "gradio", "sentence_transformers", "transformers", "openvino", "jieba", "pypinyin", "numpy",
    "pydantic", "bm25s", "fastapi", "uvicorn", "tokenizers", "safetensors", "tqdm", "langchain", "sklearn", "scipy",
}  # fmt: skip


def shell(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    command = [sys.executable, "-m", "assistant", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("arguments", [["--help"], ["index", "--help"], ["ask", "--help"], ["--version"], ["nonsense"]])
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    """What is loaded is what takes time; half a second is the promise."""
    code = (
        "import sys\nfrom assistant.__main__ import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(ran.stderr.splitlines()[-1].split())


def test_help_lists_every_command(wence: Wence) -> None:
    ran = wence("--help")
    assert ran.status == 0
    for command in ("parse", "index", "search", "ask", "chat", "serve", "check", "eval"):
        assert command in ran.out
        assert wence(command, "--help").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["search"], ["search", "x", "--bogus"], ["search", "x", "--top"], ["search", "x", "--top", "0"],
        ["search", "x", "--top", "a"], ["search", "x", "--to", "3"], ["search", "x", "--region", "火星"], ["parse"],
        ["serve", "--port", "99999"], ["serve", "--port", "-1"], ["ask"], ["ask", "--batch", "in.jsonl"],
        ["ask", "--out", "out.jsonl"], ["ask", "x", "--batch", "a", "--out", "b"], ["check", "x"],
        ["ask", "--batch", "a", "--out", "b", "--history", "c"],
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_status_2(arguments: list[str], wence: Wence) -> None:
    ran = wence(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("wence：") and ran.err.count("\n") == 1
    assert "Traceback" not in ran.err


def test_parse_gives_the_contracts_fields(wence: Wence) -> None:
    file = BUNDLED_CORPUS / "sz-plan-draft.txt"
    ran = wence("parse", str(file), "--json")
    assert ran.status == 0 and ran.rows
    text = file.read_text(encoding="utf-8")
    for row in ran.rows:
        assert set(row) == CLAUSE
        assert set(row["source"]) == {"file", "start", "end", "page", "ocr"}
        assert text[row["source"]["start"]] == row["text"][0]
        assert all(set(d) == {"name", "role"} and d["role"] in ("lead", "support") for d in row["departments"])
        assert isinstance(row["path"], list) and isinstance(row["footnotes"], list)
    assert len({row["clause_id"] for row in ran.rows}) == len(ran.rows)
    assert ran.out == wence("parse", str(file), "--json").out


def test_parse_in_words_and_with_its_receipt(wence: Wence) -> None:
    file = str(BUNDLED_CORPUS / "sh-opinions-2025-11.txt")
    assert "《关于进一步深化改革创新" in wence("parse", file).out
    receipt = wence("parse", file, "--coverage")
    assert receipt.status == 0 and "100.00%" in receipt.out
    assert json.loads(wence("parse", file, "--coverage", "--json").out)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.txt", None, "找不到"),
        ("empty.txt", b"", "没有文字"),
        ("binary.txt", b"MZ\x00\x01", "二进制"),
        ("document.pdf", b"%PDF-1.4", "PDF"),
        ("korean.txt", "정책 문서 지원 기업".encode("euc-kr") * 20, "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_status_1(
    name: str, content: bytes | None, said: str, wence: Wence, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for command in ("parse", "index"):
        ran = wence(command, str(tmp_path / name), home=tmp_path / "home")
        assert (ran.status, ran.out) == (1, "")
        assert name in ran.err and said in ran.err and ran.err.count("\n") == 1


def test_a_folder_is_no_file_and_an_empty_one_is_no_corpus(wence: Wence, tmp_path: Path) -> None:
    assert "wence index" in wence("parse", str(tmp_path)).err
    ran = wence("index", str(tmp_path), home=tmp_path / "home")
    assert ran.status == 1 and "没有政策文本" in ran.err and ran.err.count("\n") == 1


def test_index_says_what_it_did_and_then_that_nothing_changed(wence: Wence, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "办法.txt").write_text("第一条 对首次升规的企业给予不超过30万元奖励。\n", encoding="utf-8")
    (folder / "图.txt").write_bytes(b"\x89PNG\r\n")
    first = wence("index", str(folder), home=tmp_path / "home")
    assert first.status == 0
    assert "新增 1，更新 0，未变 0，移除 0，未收录 1；索引共 1 份文件、1 条条款" in first.out
    assert "图.txt" in first.err and "不是完好的图片" in first.err
    second = wence("index", str(folder), home=tmp_path / "home")
    assert "未变 1" in second.out and "1 条条款（本次新算向量 0 个）" in second.out
    assert wence("index", "--rebuild", home=tmp_path / "home").status == 0, "what is indexed is read again"


def test_index_without_paths_takes_the_bundled_documents(wence: Wence, corpus_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    ran = wence("index", home=home)
    assert ran.status == 0 and "未变 5" in ran.out


def test_search_gives_ranked_clauses(wence: Wence) -> None:
    ran = wence("search", "首台套最高补多少", "--top", "3", "--json")
    assert ran.status == 0
    assert [row["rank"] for row in ran.rows] == [1, 2, 3]
    assert all(set(row) == CLAUSE | {"rank", "score"} for row in ran.rows)
    assert "2000 万元" in ran.rows[0]["text"]
    plain = wence("search", "首台套最高补多少", "--top", "1")
    assert "409号" in plain.out and "2000 万元" in plain.out


@pytest.mark.parametrize("name", ["深圳", "深圳市", "南山"])
def test_search_takes_a_region_in_any_of_its_names(name: str, wence: Wence) -> None:
    rows = wence("search", "小升规", "--region", name, "--json").rows
    assert rows and {row["region"] for row in rows} == {"深圳市"}


def test_ask_gives_the_contracts_fields(wence: Wence) -> None:
    ran = wence("ask", "上海小升规奖励多少", "--json", "--no-llm")
    assert ran.status == 0
    (answer,) = ran.rows
    assert set(answer) == ANSWER | {"answer_id", "degraded", "usage", "reviewed", "as_of"}
    assert answer["mode"] == "verbatim" and answer["refused"] is False and answer["refusal_reason"] is None
    assert all(set(s) == {"text", "citations", "support"} for s in answer["sentences"])
    assert {s["support"] for s in answer["sentences"]} <= {"verbatim", "supported", "notice"}
    assert answer["citations"]
    for citation in answer["citations"]:
        assert set(citation) >= CITATION
        assert 0 <= citation["quote"]["start"] < citation["quote"]["end"] <= len(citation["text"])
    assert 1 <= len(answer["retrieved"]) <= 10
    assert all(set(r) == {"clause_id", "score", "text"} for r in answer["retrieved"])
    scores = [r["score"] for r in answer["retrieved"]]
    assert scores == sorted(scores, reverse=True)
    assert "[1]" in answer["answer"] and isinstance(answer["notices"], list)


def test_ask_follows_a_conversation_from_a_file(wence: Wence, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    history.write_text(
        '\ufeff[{"role": "user", "content": "上海小升规奖励多少"}, {"role": "assistant", "content": "30万元"}]',
        encoding="utf-8",
    )
    (answer,) = wence("ask", "那深圳呢", "--history", str(history), "--json").rows
    assert "小升规" in answer["standalone_question"] and "深圳" in answer["standalone_question"]


@pytest.mark.parametrize(
    "content", [None, b"", b"not json", b"{}", b'[{"role": "x", "content": "y"}]', b"[1]", b"\xff\xfe", b"[" * 100_000]
)
def test_a_history_that_is_none_is_one_line_that_shows_the_shape(
    content: bytes | None, wence: Wence, tmp_path: Path
) -> None:
    path = tmp_path / "history.json"
    if content is not None:
        path.write_bytes(content)
    ran = wence("ask", "那深圳呢", "--history", str(path))
    assert (ran.status, ran.out) == (1, "")
    assert str(path) in ran.err and ran.err.count("\n") == 1


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_told_what_to_write(question: str, wence: Wence) -> None:
    for command in ("ask", "search"):
        ran = wence(command, question)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err.count("\n") == 1 and f"wence {command}" in ran.err


@pytest.mark.parametrize(
    "question",
    [
        "小升规😀奖励多少",
        "\x00\x1b[31m小升规奖励多少\x07",
        "小升规奖励多少" * 1500,
        os.fsdecode(b"\xff\xfe\xe5\xb0") + "小升规奖励多少",
    ],
)
def test_odd_questions_are_answered(question: str, wence: Wence) -> None:
    ran = wence("ask", question, "--json")
    assert ran.status == 0
    assert ran.rows[0]["citations"]
    shown = wence("ask", question)
    assert shown.status == 0 and not {"\x1b", "\x00", "\x07"} & set(shown.out)
    assert wence("search", question).status == 0


def test_chat_keeps_the_conversation(wence: Wence, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["上海小升规奖励多少", "那深圳呢", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    ran = wence("chat")
    assert ran.status == 0
    first, second = ran.out.split("那深圳呢")[0], ran.out
    assert "不超过 30 万元" in first and "深圳市促进" in second


def test_without_an_index_the_next_command_is_named(wence: Wence, tmp_path: Path) -> None:
    for arguments in (["search", "首台套"], ["ask", "首台套"], ["chat"]):
        ran = wence(*arguments, home=tmp_path)
        assert (ran.status, ran.out) == (1, "")
        assert "`wence index`" in ran.err and ran.err.count("\n") == 1


def test_a_damaged_index_is_one_line_that_names_the_repair(wence: Wence, corpus_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(corpus_home, tmp_path / "home"))
    clauses = current_generation(home) / "clauses.jsonl"
    clauses.write_bytes(clauses.read_bytes()[:-100])
    ran = wence("ask", "首台套", home=home)
    assert (ran.status, ran.out) == (1, "")
    assert "`wence index --rebuild`" in ran.err and ran.err.count("\n") == 1


def test_a_wrong_setting_is_one_line_that_names_it(wence: Wence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENCE_TODAY", "tomorrow")
    ran = wence("search", "首台套")
    assert ran.status == 1 and "WENCE_TODAY='tomorrow'" in ran.err and ran.err.count("\n") == 1


def test_a_port_in_use_is_said_before_anything_is_built(wence: Wence, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = wence("serve", "--port", str(port), home=tmp_path / "home")
    assert ran.status == 1
    assert f"端口 {port}" in ran.err and "--port" in ran.err and ran.err.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_output_that_nobody_reads_to_the_end_is_no_error(tmp_path: Path) -> None:
    """`wence parse … | head -1`."""
    command = f"{sys.executable} -m assistant parse {BUNDLED_CORPUS / 'sz-plan-draft.txt'} | head -1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("《深圳市")
    assert "Traceback" not in ran.stderr and "Exception" not in ran.stderr and "BrokenPipe" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_onto_a_full_disk_is_one_line() -> None:
    command = f"{sys.executable} -m assistant parse {BUNDLED_CORPUS / 'sz-plan-draft.txt'} --json > /dev/full"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "磁盘已满" in ran.stderr and ran.stderr.count("\n") == 1


def test_a_terminal_that_cannot_show_a_character_gets_an_escape() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ran = shell("parse", str(BUNDLED_CORPUS / "sz-plan-draft.txt"), "--json", env=environment)
    assert ran.returncode == 0
    assert json.loads(ran.stdout.splitlines()[0])["document_id"] == "sz-plan-draft"


def test_ctrl_c_ends_with_one_line_and_status_1(corpus_home: Path, model_cache: Path) -> None:
    environment = {**os.environ, "WENCE_HOME": str(corpus_home), "WENCE_CACHE": str(model_cache)}
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "chat"], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()  # it is ready and waits for a question
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.strip() == "已中断"
