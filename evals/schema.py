"""One schema for question sets and labelled claims: the models below read every line, and the published JSON
Schema files are made from them (`wence eval schema questions > evals/questions.schema.json`; a test holds the two
equal). A line that does not fit is an error that names file, line, field, what was expected and what was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.config import JsonDict

from index.errors import InputError, cause

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_FILE_BYTES = 200 * 1024 * 1024
"""Larger files are refused before they are read: the largest of ours has 0.2 MB, a million questions about 400."""
UNLABELLED: dict[str, Any] = {"answerable": None, "type": "", "label": ""}
"""What a field that a person still has to fill holds; the loader names such lines as unlabelled."""

Words = Annotated[str, Field(pattern=r"\S")]
"""Text that is not empty."""
WhyNot = Literal["no_evidence", "out_of_scope", "unsafe", "smalltalk"]
Notice = Literal["draft", "expiry", "other_region", "pilot_area", "reply", "superseded"]
Status = Literal["in_force", "issued", "draft", "reply", "expired", "repealed", "unknown", ""]


class _Line(BaseModel):
    """Nothing is converted and nothing is added: 1 is not true, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class GoldLine(_Line):
    """依据：某份文件里的一段原文；持有这段原文的条款就是对的条款。"""

    document: Words
    """文件编号，即文件名去掉后缀，如 sh-rnd-2023-409。"""
    quote: Words
    """文件原文，逐字；空格、粗体和脚注标记不计。"""


class TurnLine(_Line):
    """之前对话里的一句。"""

    role: Literal["user", "assistant"]
    """user 提问的人；assistant 系统。"""
    content: str
    """说的话。"""


_CONSISTENT: JsonDict = {
    "if": {"properties": {"answerable": {"const": True}}},
    "then": {"properties": {"why_not": {"type": "null"}}},
    "else": {"properties": {"why_not": {"type": "string"}}},
}


class QuestionLine(_Line):
    """题集的一行：一个问题和它应有的回答。"""

    model_config = ConfigDict(title="问策题集", json_schema_extra=_CONSISTENT)

    id: Words
    """编号，一份题集里不重复。"""
    question: Words
    """问句，照人说的样子写。"""
    history: list[TurnLine]
    """之前的对话，先说的在前；没有则为空列表。"""
    region: str | None
    """网站预设的地区，如 上海市；没有则为 null。"""
    type: Words
    """题型，如 amount；得分按题型分列。自带题集的题型见 evals/datasets/README.md。"""
    answerable: bool
    """文件能不能回答。"""
    why_not: WhyNot | None
    """不能回答的原因：no_evidence 文件没写，out_of_scope 无关，unsafe 违规，smalltalk 寒暄；能回答则为 null。"""
    gold: list[GoldLine]
    """依据。"""
    gold_mode: Literal["any", "all"]
    """any 有其中一处即可；all 每一处都要。"""
    must_say: list[Annotated[list[Words], Field(min_length=1)]]
    """必须说的要点；每个要点是几种说法的列表，说出任一种即可。"""
    must_not_say: list[Words]
    """不能说的话。"""
    notices: list[Notice]
    """应有的提示：draft 征求意见稿，expiry 有效期，other_region 其他地区，pilot_area 试点区域，
    reply 答复函，superseded 已有正式文件。"""
    note: str
    """给人看的备注，不参与评分。"""

    @model_validator(mode="after")
    def _reason_only_without_answer(self) -> QuestionLine:
        if self.answerable and self.why_not is not None:
            raise ValueError("能回答的题 why_not 应为 null")
        if not self.answerable and self.why_not is None:
            raise ValueError("不能回答的题 why_not 应写明原因")
        return self


class ClaimLine(_Line):
    """标注论断的一行：一句话、它所引的原文，和标注。"""

    model_config = ConfigDict(title="问策标注论断")

    id: Words
    """编号，一份文件里不重复。"""
    claim: Words
    """一句论断。"""
    evidence: Annotated[list[Words], Field(min_length=1)]
    """它所引的条款原文。"""
    document: str = ""
    """文件编号；多份文件或不知道时为空。"""
    document_status: Status = ""
    """文件状态。"""
    region: str = ""
    """文件的地区，如 上海市。"""
    departments: str = ""
    """责任部门的括注，照原样。"""
    label: Literal["supported", "unsupported"]
    """原文支持这句话的全部内容，还是不支持。"""
    kind: str = ""
    """支持：怎样转述；不支持：错在哪一类。"""
    note: str = ""
    """备注。"""


Line = TypeVar("Line", bound=_Line)
SCHEMAS: dict[str, type[_Line]] = {"questions": QuestionLine, "claims": ClaimLine}
"""Published name → model; the file is evals/NAME.schema.json."""


def schema_text(name: str) -> str:
    """The JSON Schema (2020-12) of one kind of line, as published."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name].model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def read_lines(path: Path, model: type[Line]) -> Iterator[tuple[int, Line]]:
    """(line number from 1, line) of a JSON Lines file; empty lines are skipped.

    Raises:
        InputError: unreadable, not UTF-8, too large, a line that does not fit the model, an id that was there
            before; names file, line, field, expected and found.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = model.model_validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path} 第 {number} 行：{explain(error, model)}") from None
        name = str(getattr(row, "id", number))
        if name in seen:
            raise InputError(
                f"{path} 第 {number} 行：字段 id：应为不重复的编号，实为 {name!r}（第 {seen[name]} 行已有）"
            )
        seen[name] = number
        yield number, row


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} 超过 {MAX_FILE_BYTES:,} 字节；请拆成几份")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"无法读取 {path}（{cause(error)}）；请检查路径") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} 第 {error.start} 字节起不是 UTF-8；请另存为 UTF-8 的 JSON Lines") from None


def explain(error: ValidationError, model: type[_Line]) -> str:
    """The first mistake on one line: field, expected, found."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return f"不是 JSON（{first['ctx']['error']}）；每行应为一个 JSON 对象"
    if not first["loc"]:
        if first["type"] == "value_error":
            return f"字段 why_not：{first['msg'].removeprefix('Value error, ')}"
        return f"字段 （整行）：应为 JSON 对象，实为 {_shown(first['input'])}"
    top = str(first["loc"][0])
    if top in UNLABELLED and first["input"] == UNLABELLED[top] and first["type"] != "missing":
        return f"字段 {top}：尚未标注，实为 {_shown(first['input'])}；请先由人填写"
    if first["type"] == "missing":
        return f"字段 {_place(first)}：应为 必填，实为 缺失"
    nothing = " 或 null" if len(first["loc"]) == 1 and _takes_null(model, top) else ""
    return f"字段 {_place(first)}：应为 {_expected(first)}{nothing}，实为 {_shown(first['input'])}"


def _place(error: ErrorDetails) -> str:
    return "".join(f" 第 {p + 1} 项" if isinstance(p, int) else f" {p}" for p in error["loc"]).strip()


_EXPECTED = {
    "string_type": "文字", "bool_type": "true 或 false", "list_type": "列表", "string_pattern_mismatch": "不空的文字",
    "extra_forbidden": "没有这个字段", "model_type": "JSON 对象", "model_attributes_type": "JSON 对象",
    "too_short": "至少一项的列表",
}  # fmt: skip
"""Pydantic's type of error → what was expected."""


def _expected(error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"]).replace(" or ", "、").replace(", ", "、").replace("'", "")
    return _EXPECTED.get(error["type"], error["msg"])


def _takes_null(model: type[_Line], field: str) -> bool:
    known = model.model_fields.get(field)
    return known is not None and type(None) in getattr(known.annotation, "__args__", ())


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:80] + "…"
