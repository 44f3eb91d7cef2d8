"""What a report calls things in Chinese, and the numbers that are to be reached. Words only; no logic."""

from __future__ import annotations

from dataclasses import dataclass

from evals.measures import ABOUT, About, Better, Unit

TYPES = {
    "amount": "金额", "condition": "条件", "list": "列举", "department": "部门", "validity": "时效", "region": "地区",
    "comparison": "比较", "arithmetic": "计算", "multi": "跨条款", "definition": "定义", "statistics": "数据",
    "procedure": "流程", "address": "条号", "followup": "追问", "false_premise": "错误前提", "general": "概括",
    "unanswerable": "文件没写", "out_of_scope": "题外", "unsafe": "不当请求", "smalltalk": "寒暄", "injection": "注入",
}  # fmt: skip
"""Types of questions; a type that is not listed is shown as the dataset calls it."""
REFUSALS = {"no_evidence": "文件没写", "out_of_scope": "题外", "unsafe": "不当请求", "smalltalk": "寒暄"}
MODES = {"verbatim": "原文", "llm": "模型"}
SUPPORTS = {"verbatim": "原文", "supported": "改写", "notice": "说明"}
NOTICES = {
    "draft": "征求意见稿", "expiry": "有效期", "reply": "答复函", "pilot_area": "试点范围", "other_region": "其他地区",
    "superseded": "已有正式文件",
}  # fmt: skip
STATUSES = {
    "in_force": "现行有效", "issued": "已发布", "draft": "征求意见稿", "reply": "答复函", "expired": "已过期",
    "repealed": "已废止", "unknown": "状态未载明",
}  # fmt: skip
KINDS = {
    "added": "新增内容", "amount": "数字", "figure": "数字", "unit": "单位", "cap": "上限", "condition": "条件", "modality": "语气",
    "negation": "否定", "department": "部门", "region": "地区", "status": "文件状态", "year": "年份", "date": "日期",
    "entity": "专名", "relation": "张冠李戴", "scope": "范围",
}  # fmt: skip
"""Ways in which a labelled claim is wrong."""
STAGES = {
    "encode": "向量", "search": "检索", "evidence": "选证据", "first_sentence": "写首句", "rest": "其余", "total": "合计",
}  # fmt: skip
"""Time stamps of an answer, as the stage that ends there."""
HEADER = {
    "dataset": "题集", "dataset_sha256": "题集摘要", "git": "代码版本", "settings": "设置", "index_version": "索引",
    "packages": "软件版本", "python": "Python", "machine": "机器", "today": "以此为今天", "started": "开始时间",
    "judge": "裁判", "prompts": "提示词", "model": "模型",
}  # fmt: skip
"""Keys of a run's header."""


@dataclass(frozen=True, slots=True)
class Named:
    """A measure as a report shows it."""

    name: str
    label: str
    meaning: str
    better: Better
    unit: Unit
    judged: bool
    target: float | None
    """At least this (at most, when lower is better); None when no goal is set."""


MEANINGS = {
    "complete": ("答全要点", "应说的要点全部说到的题目"),
    "must_say": ("要点覆盖", "应说的要点说到了多少"),
    "must_not_say": ("没有误说", "没说题目列明的错误说法"),
    "faithfulness": ("忠实度", "论断中有条款依据的（RAGAS 定义）"),
    "citation_recall": ("引用召回", "所引条款足以支持的句子（ALCE 定义）"),
    "citation_precision": ("引用精确", "确有必要的引用（ALCE 定义）"),
    "cited": ("有出处", "带有真实引用的句子"),
    "verbatim": ("逐字", "与条款原文逐字一致的句子"),
    "notices": ("提示到位", "应给的提示给了多少"),
    "refused_when_due": ("该拒则拒", "文件没有答案而拒答的题目"),
    "refused_wrongly": ("误拒", "有答案却拒答的题目"),
    "refusal_balanced": ("拒答平衡", "该拒则拒与不误拒的平均"),
    "reason_right": ("拒因正确", "拒答时说对了原因的题目"),
    "first": ("首位命中", "标准条款排在第一"),
    "top5": ("前五命中", "标准条款在前五条里"),
    "top10": ("前十命中", "标准条款在前十条里"),
    "mrr10": ("MRR@10", "首个标准条款名次的倒数"),
    "recall5": ("召回@5", "前五条里有多少标准条款"),
    "recall10": ("召回@10", "前十条里有多少标准条款"),
    "ndcg10": ("nDCG@10", "标准条款排得靠前的程度"),
    "characters": ("字数", "答案平均字数"),
    "latency_ms": ("整答用时", "毫秒，平均"),
    "evidence_ms": ("见条款用时", "毫秒，平均"),
    "sentence_ms": ("见首句用时", "毫秒，平均"),
    "prompt_tokens": ("读入词元", "每题平均"),
    "completion_tokens": ("写出词元", "每题平均"),
}
"""Label and meaning by the name in scores.json, in the order of the figures; others follow as they come."""
TARGETS = {
    "first": 0.90, "top5": 0.98, "faithfulness": 0.99, "citation_recall": 0.97, "citation_precision": 0.97,
    "refused_when_due": 0.95, "refused_wrongly": 0.03,
}  # fmt: skip
"""What the product set out to reach."""
HEADLINES = ("complete", "faithfulness", "refused_when_due", "refused_wrongly", "top5", "citation_recall")
"""What the cards on top show."""
TRENDS = ("complete", "faithfulness", "citation_recall", "citation_precision", "refused_when_due", "refused_wrongly", "first", "top5")  # fmt: skip


def named(name: str) -> Named:
    """A measure with its words; one that is not listed here speaks by its heading."""
    about = ABOUT.get(name) or About(name)
    label, meaning = MEANINGS.get(name, (about.heading, ""))
    return Named(name, label, meaning, about.better, about.unit, about.judged, TARGETS.get(name))
