"""Signs of duty, denial, scope, force and waiver that stand on one side only, and conditions that a claim leaves out."""

from __future__ import annotations

import re

from evals.judge_amounts import amounts
from evals.judge_pairs import Pair
from evals.judge_wording import wording

_COMING = re.compile(r"探索|研究|试点|逐步|力争|争取|推动|推进|加快|拟|将|立项在研|到20[0-9][0-9]年|目标|鼓励|支持")

_KEPT = re.compile("符合|条件|认定|备案|评定")
"""A claim with one of these keeps a condition, whatever 只要 stands before it."""
_MEAN = re.compile("平均(?:下来)?每")
_LIMITED = re.compile("[仅只]限")
"""Says no more than that a pilot is one, where the ground has one."""
_EITHER_WAY = (("raised", "lowered"), ("lowered", "raised"), ("before", "after"), ("after", "before"))
COMPARED = (
    "strong", "optional", "unsaid", "unconditional", "onlyif", "universal", "only", "force", "done", "whole",
    "deadline", "certain", "raised", "automatic", "every",
)  # fmt: skip
"""Signs whose greater number on the claim's side is a difference."""


def signs_of(pair: Pair) -> dict[str, float]:
    """Signs on one side only and conditions left out; `pair.found` is told the words."""
    signs = wording().signs
    claim, ground = _MEAN.sub("平均", signs["unsaid"].sub("", pair.bare)), pair.grounds
    out = {}
    for name in COMPARED:
        said = signs[name].findall(pair.claim if name in ("unsaid", "force") else claim)
        known = signs[name].findall(pair.text if name == "force" else ground)
        out[f"sign_{name}"] = float(len(said) > len(known))
        if said:
            pair.found[f"sign_{name}"] = said[0]
    if _KEPT.search(claim):
        out["sign_onlyif"] = 0.0
    if _LIMITED.search(claim) and "试点" in ground:
        out["sign_only"] = 0.0
    wider = [w for w in signs["wide"].findall(claim) if w not in signs["wide"].findall(pair.text)]
    out["sign_wide"] = float(bool(wider))
    pair.found["sign_wide"] = "".join(wider[:1])
    denied, denies = signs["negation"].findall(claim), signs["negation"].findall(ground)
    turned = any(_turned(claim, ground, signs[a], signs[b]) for a, b in _EITHER_WAY)
    out["opposite"] = float(
        any(_turned(claim, pair.grounds, a, b) or _turned(claim, pair.grounds, b, a) for a, b in wording().opposites)
    )
    if signs["unsaid"].search(pair.claim):
        out["sign_force"] = 0.0
    out["sign_negation"] = float(turned or bool(denied and not denies))
    out["negation_parity"] = float((len(denied) - len(denies)) % 2)
    pair.found["sign_negation"] = pair.found["negation_parity"] = "".join(denied[:1])
    early = out["sign_done"] + out["sign_force"] > 0
    out["done_early"] = float(early and bool(_COMING.search(ground)))
    pair.found["done_early"] = pair.found.get("sign_done", "") or pair.found.get("sign_force", "")
    paid = [a for a in amounts(ground) if a.kind in ("money", "share")]
    out["unsaid_known"] = float(bool(signs["unsaid"].search(pair.claim) and paid and not signs["blank"].search(ground)))
    return out | _conditions(pair, out)


def _turned(claim: str, ground: str, a: re.Pattern[str], b: re.Pattern[str]) -> bool:
    """Whether the claim goes one way only and the ground the other way only."""
    return bool(a.search(claim) and b.search(ground)) and not (a.search(ground) or b.search(claim))


def _conditions(pair: Pair, signs: dict[str, float]) -> dict[str, float]:
    conditions = wording().conditions
    gone = [m.group() for a, b in conditions.values() if (m := a.search(pair.grounds)) and not b.search(pair.claim)]
    freed = signs["sign_unconditional"] + signs["sign_universal"]
    eligible = bool(conditions["eligible"][0].search(pair.grounds))
    pair.found["condition_gone"] = pair.found["condition_waived"] = "、".join(gone)
    return {
        "condition_gone": float(len(gone)),
        "condition_gone_paid": float(len(gone)) if amounts(pair.claim) else 0.0,
        "condition_waived": float(bool(gone) and freed + signs["sign_onlyif"] > 0),
        "eligible_denied": float(eligible and freed > 0),
    }
