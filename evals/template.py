"""The sheet that evaluators fill: its headings, what its cells may say, and the empty template."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from evals.sheets import Column, write_workbook
from index.errors import InputError, UsageError

HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("编号", "题号", "序号", "id"),
    "question": ("问题", "问句", "提问", "题目", "问题内容", "用户问题", "question"),
    "type": ("题型", "问题类型", "类型", "类别", "type"),
    "region": ("地区", "城市", "所在地", "预设地区", "region"),
    "document": ("依据文件", "政策文件", "文件", "来源文件", "出处", "document"),
    "quote": ("依据原文", "原文", "条款原文", "依据条款", "依据", "引文", "quote", "gold"),
    "gold_mode": ("依据关系", "依据要求", "goldmode"),
    "must_say": ("必须说", "必说", "必含", "必须包含", "答案要点", "要点", "mustsay"),
    "must_not_say": ("不能说", "不得说", "禁说", "错误说法", "mustnotsay"),
    "notices": ("提示", "应有提示", "应有的提示", "提醒", "notices"),
    "answerable": ("能否回答", "可否回答", "是否能回答", "是否可答", "能回答", "可回答", "answerable"),
    "why_not": ("原因", "不能回答的原因", "拒答原因", "不能回答原因", "whynot"),
    "history": ("历史对话", "对话历史", "之前的对话", "上文", "history"),
    "note": ("备注", "note"),
}
"""Field → headings that mean it; the first is the one of the template. Bracketed remarks and marks do not count."""
TYPES = {
    "金额": "amount", "条件": "condition", "清单": "list", "部门": "department", "效力": "validity", "有效期": "validity",
    "地区": "region", "比较": "comparison", "对比": "comparison", "计算": "arithmetic", "多条款": "multi",
    "几个条款": "multi", "定义": "definition", "统计": "statistics", "统计数字": "statistics", "流程": "procedure",
    "办理": "procedure", "确指条款": "address", "概览": "general", "追问": "followup", "前提有误": "false_premise",
    "文件没写": "unanswerable", "不能回答": "unanswerable", "无关": "out_of_scope", "违规": "unsafe", "寒暄": "smalltalk",
    "注入": "injection",
}  # fmt: skip
NOTICES = {
    "征求意见稿": "draft", "草案": "draft", "有效期": "expiry", "效力": "expiry", "其他地区": "other_region", "其他城市": "other_region",
    "试点区域": "pilot_area", "试点": "pilot_area", "答复函": "reply", "答复": "reply", "已有正式文件": "superseded",
    "正式文件": "superseded",
}  # fmt: skip
REASONS = {
    "文件没写": "no_evidence", "文件未写": "no_evidence", "没有依据": "no_evidence", "无依据": "no_evidence",
    "无关": "out_of_scope", "超出范围": "out_of_scope", "违规": "unsafe", "不安全": "unsafe", "注入": "unsafe",
    "寒暄": "smalltalk", "闲聊": "smalltalk",
}  # fmt: skip
MODES = {"任一": "any", "任一处": "any", "一处即可": "any", "全部": "all", "都要": "all", "每一处": "all"}
YES = ("能", "能回答", "可以", "可", "是", "对", "√", "y", "yes", "true", "1")
NO = ("不能", "不能回答", "不可以", "不可", "否", "不", "×", "x", "n", "no", "false", "0")
EXAMPLE = "示例"
"""Rows whose id starts so are those of the template and are passed over."""
COLUMNS: Sequence[Column] = (
    Column("编号", 10, "可以不填，自动编号；一份题集里不重复。"),
    Column("问题", 40, "必填。照人说的样子写，错字和口语都可以保留。"),
    Column("题型", 12, "得分按题型分列；可以自己取名。", ("金额", "条件", "清单", "部门", "效力", "地区", "比较", "计算", "几个条款", "定义", "统计数字", "办理", "追问", "前提有误", "文件没写", "无关", "违规", "注入")),
    Column("地区", 10, "网站预设的地区，如 上海市；没有就空着。"),
    Column("依据文件", 22, "文件名、标题、文号或常用简称；原文只在一份文件里出现时可以不填。"),
    Column("依据原文", 50, "从文件里逐字复制；几段时每段另起一行。"),
    Column("依据关系", 10, "几段原文：有一处即可填 任一，处处都要填 全部。", ("任一", "全部")),
    Column("必须说", 30, "几个要点各起一行或用；隔开；同一要点的几种说法用 / 隔开。"),
    Column("不能说", 24, "说了就算错的话；几个各起一行或用；隔开。"),
    Column("提示", 18, "应有的提示；几个用；隔开。可用：征求意见稿、有效期、其他地区、试点区域、答复函、已有正式文件。"),
    Column("能否回答", 10, "文件能不能回答。", ("能", "不能")),
    Column("原因", 12, "不能回答时必填。", ("文件没写", "无关", "违规", "寒暄")),
    Column("历史对话", 40, "之前的对话，每句另起一行，前面写 用户： 或 助手：。"),
    Column("备注", 24, "给人看，不参与评分。"),
)  # fmt: skip
SHEET = "题目"
_EXAMPLES = (
    (f"{EXAMPLE}1", "离岸孵化器最高补多少", "金额", "", "沪经信技〔2023〕409号", "对符合条件的离岸孵化器，在张江、临港新片区试点给予最高不超过 200 万元的资金支持", "任一",
     "200万元\n最高/不超过/上限\n张江；临港", "2000万元", "试点区域", "能", "", "", "以“示例”开头的行不会导入，可以删去"),
    (f"{EXAMPLE}2", "截止到几号", "追问", "上海市", "", "", "", "", "", "", "不能", "文件没写", "用户：上海升规奖励多少\n助手：首年不超过30万元。", ""),
)  # fmt: skip
NOTES = (
    ("怎样填", "一行一题。列的次序可以变，用不到的列可以删，自己加的列不影响导入。只有“问题”必填；“能否回答”空着时，有依据原文就当作能回答。"),
    ("依据原文", "逐字复制，空格和换页不影响；导入时会在文件里逐段查找，找不到的会指出来。"),
    ("几个值", "每个值另起一行（Alt+Enter）或用中文、英文分号隔开。"),
    ("公式", "不要用公式；从别处复制时请“粘贴为值”。"),
    ("导入", "wence eval import 本表.xlsx --out 题集.jsonl；有问题会逐条写明行和列，改好之前不会写出文件。"),
    ("试运行", "wence eval run --dataset 题集.jsonl"),
)  # fmt: skip


def write_template(options: argparse.Namespace) -> int:
    """wence eval template --out FILE.xlsx."""
    if options.out.suffix.lower() != ".xlsx":
        raise UsageError(f"--out 应为 .xlsx 文件，实为 {options.out}")
    if options.out.exists():
        raise InputError(f"{options.out} 已经存在；请换一个名字，免得盖掉填好的表")
    write_workbook(options.out, SHEET, COLUMNS, _EXAMPLES, NOTES)
    print(f"空表写入 {options.out}；填好后运行 wence eval import {options.out} --out 题集.jsonl")
    return 0
