"""Quick signs that a text states money or a share, for ranking; exact reading is the guard's business."""

from __future__ import annotations

import re

MONEY = re.compile(
    r"[\d零一二三四五六七八九十百千两]\s*(?:余|多)?\s*(?:万|亿|千|百)?元|\d+(?:\.\d+)?\s*[%％]|百分之|[一二三四五六七八九]成(?!果|立|功|为|长|员|本|效|熟|都|年|人|绩|品)"
)
"""A figure of money or per cent in normalised or raw text."""
OPEN_AMOUNT = re.compile(
    r"一定(?:金额|比例|额度|数额|的资金|的?奖补|的?奖励|的?补贴|的?补助)|适当(?:补贴|奖励|补助|支持|资助)|相应(?:补贴|奖励|资助|补助)"
)
"""An amount that the text leaves open."""
