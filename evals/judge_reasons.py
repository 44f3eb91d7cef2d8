"""Why the judge objects, in a sentence, and at which words of the claim."""

from __future__ import annotations

import re
import unicodedata

_SAYINGS = {
    "figure_missing": "依据里没有“{}”这个数",
    "figure_missing_calendar": "依据里没有“{}”这个时间",
    "figure_month_gone": "依据说的只是“{}”的一部分月份",
    "figure_unit": "“{}”的单位与依据不同",
    "figure_turned": "“{}”的上下限与依据相反",
    "figure_dropped": "“{}”漏了依据里的“不超过”“最高”等限定",
    "figure_raised": "“{}”的限定依据里没有",
    "figure_fixed": "依据没有说“{}”是固定的",
    "figure_far": "“{}”在依据里说的是另一件事",
    "figure_shift": "“{}”在依据里说的是另一件事",
    "figure_rival": "“{}”在依据里对应的是另一个数",
    "sign_strong": "依据没有“{}”这样的强制要求",
    "sign_optional": "依据没有说可以“{}”",
    "sign_negation": "依据没有“{}”这个否定的意思，或意思相反",
    "negation_parity": "“{}”与依据的否定不一致",
    "sign_unsaid": "论断说依据没有写，须核对",
    "unsaid_known": "论断说没有写明，依据里写了",
    "sign_unconditional": "依据没有说可以“{}”",
    "sign_onlyif": "依据的条件不止“{}”",
    "sign_universal": "依据没有说适用于“{}”",
    "sign_only": "依据没有说“{}”",
    "sign_force": "依据没有说“{}”",
    "sign_done": "依据没有说事情“{}”完成",
    "done_early": "依据只是计划或探索，论断说成了“{}”",
    "sign_whole": "依据没有说“{}”",
    "sign_wide": "依据的范围不是“{}”",
    "sign_automatic": "依据没有说“{}”",
    "sign_every": "依据没有说“{}”人人有份",
    "opposite": "论断的方向与依据相反",
    "encouraged_gone": "依据只是鼓励或探索，论断没有这样说",
    "condition_open": "漏了条件：{}",
    "fit_open": "漏了条件：{}",
    "slot_lost_condition": "漏了：{}",
    "slot_lost_condition_copied": "漏了：{}",
    "slot_known": "“{}”在依据里不在这个位置",
    "slot_known_copied": "“{}”在依据里不在这个位置",
    "slot_put_in": "“{}”在依据里不在这个位置",
    "slot_put_in_copied": "“{}”在依据里不在这个位置",
    "cross_sentence": "论断把依据里分开说的事放在一起",
    "joined_condition": "论断把依据里分开说的事放在一起",
    "near_copy": "论断照抄依据而有改动",
    "sign_deadline": "依据没有“{}”这样的时限",
    "sign_certain": "依据没有说“{}”",
    "sign_raised": "依据没有说“{}”",
    "condition_gone": "漏了条件：{}",
    "condition_gone_paid": "漏了条件",
    "condition_waived": "免去了依据里的条件：{}",
    "eligible_denied": "依据要求符合条件，论断免去了",
    "office_acting": "依据没有说由“{}”来做",
    "lead_unstated": "依据没有说由“{}”牵头",
    "lead_wrong": "牵头的不是“{}”",
    "quote_missing": "依据里没有“{}”这个名称",
    "number_wrong": "依据的文号不是“{}”",
    "city_turned": "依据说的不是“{}”",
    "place_missing": "依据里没有“{}”这个地方",
    "place_left": "漏了地区：{}",
    "anchor_shift": "论断里的名称在依据里说的是另一件事",
    "statement_worst_ground": "有一句在相应的依据里找不到",
    "compound": "有名称是拼起来的，依据里没有",
}
_LOOSE = "依据里找不到“{}”的说法"
_SUPPORTED = "论断的各处在依据里都有对应"
_NO_EVIDENCE = "没有给出依据"


def reason_for(name: str, words: str) -> str:
    """What a difference is called. Args: name of a value, the words of the claim (or evidence) behind it."""
    if name == "":
        return _SUPPORTED
    if name == "no_evidence":
        return _NO_EVIDENCE
    saying = _SAYINGS.get(name, _LOOSE)
    if words:
        return saying.format(words)
    return "论断与依据出入较大" if saying == _LOOSE else saying.replace("“{}”", "").replace("：{}", "")


def locate(claim: str, words: str) -> tuple[int, int] | None:
    """Where words of the plain text stand in the claim as it was written; None when they do not.

    >>> locate("最高 ３０ 万元", "30万元")
    (3, 8)
    """
    letters = [(c, i) for i, mark in enumerate(claim) for c in unicodedata.normalize("NFKC", mark).lower()]
    kept = [(c, i) for c, i in letters if not re.fullmatch(r"[\s,]", c)]
    found = "".join(c for c, _ in kept).find(re.sub(r"[\s,]", "", words)) if words else -1
    return (kept[found][1], kept[found + len(re.sub(r"[\s,]", "", words)) - 1][1] + 1) if found >= 0 else None
