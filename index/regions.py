"""Regions by their names, short forms and districts: which city a text or a question speaks of.

Names follow the administrative divisions of the Ministry of Civil Affairs; districts are listed for the
cities whose documents are bundled, pilot areas are places inside a city where some clauses alone apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROVINCES = (
    "北京市 京;天津市 津;上海市 沪;重庆市 渝;河北省 冀;山西省 晋;辽宁省 辽;吉林省 吉;黑龙江省 黑;江苏省 苏;浙江省 浙;安徽省 皖;福建省 闽;江西省 赣;山东省 鲁;"
    "河南省 豫;湖北省 鄂;湖南省 湘;广东省 粤;海南省 琼;四川省 川;贵州省 黔;云南省 滇;陕西省 陕;甘肃省 甘;青海省 青;台湾省 台;内蒙古自治区 内蒙古;"
    "广西壮族自治区 桂;西藏自治区 藏;宁夏回族自治区 宁;新疆维吾尔自治区 新;香港特别行政区 港;澳门特别行政区 澳"
)
PROVINCES: dict[str, str] = dict(p.split() for p in _PROVINCES.split(";"))
"""Full name → one-character (or short) form used in document numbers."""

_CITIES = (
    "深圳 广州 东莞 佛山 珠海 惠州 中山 杭州 宁波 温州 嘉兴 绍兴 金华 南京 苏州 无锡 常州 南通 徐州 扬州 合肥 芜湖 福州 厦门 泉州 南昌 济南 青岛 烟台 潍坊 郑州 洛阳 "
    "武汉 宜昌 长沙 株洲 海口 三亚 成都 绵阳 贵阳 昆明 西安 兰州 西宁 南宁 桂林 柳州 呼和浩特 包头 银川 乌鲁木齐 拉萨 沈阳 大连 长春 哈尔滨 石家庄 唐山 保定 雄安 太原 昆山"
)
CITIES = _CITIES.split()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DISTRICTS: dict[str, tuple[str, ...]] = {
    "上海市": _words("浦东 黄浦 徐汇 长宁 静安 普陀 虹口 杨浦 闵行 宝山 嘉定 金山 松江 青浦 奉贤 崇明 张江 临港 漕河泾 大零号湾 虹桥 陆家嘴 申城 魔都"),
    "深圳市": _words("福田 罗湖 南山 盐田 宝安 龙岗 龙华 坪山 光明 大鹏 深汕 前海 河套 鹏城"),
}  # fmt: skip
PILOT_AREAS: dict[str, str] = {"张江": "上海市", "临港": "上海市", "浦东": "上海市", "前海": "深圳市", "河套": "深圳市"}
"""Places inside a city where some clauses alone apply."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a question says about place."""

    regions: tuple[str, ...]
    """Full city or province names, in order of mention, each once."""
    areas: tuple[str, ...]
    """Pilot areas named."""


def _names() -> list[tuple[str, str]]:
    names = [(full, full) for full in PROVINCES]
    names += [
        (re.sub(r"(?:市|省|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$", "", full), full)
        for full in PROVINCES
    ]
    names += [(city, city + "市") for city in CITIES if city not in ("雄安", "昆山")]
    names += [("雄安", "雄安新区"), ("昆山", "昆山市")]
    names += [(district, city) for city, districts in DISTRICTS.items() for district in districts]
    return sorted(names, key=lambda pair: -len(pair[0]))


REGION_NAMES = frozenset(name for name, _ in _names() if name not in {d for ds in DISTRICTS.values() for d in ds})
"""City and province names, long and short, without districts (a clause may be about a district)."""
_REGION_OF = dict(_names())
_ANY = re.compile("|".join(re.escape(name) for name, _ in _names()))
_BEFORE_NUMBER = {short: full for full, short in PROVINCES.items()} | {
    "深": "深圳市",
    "穗": "广州市",
    "杭": "杭州市",
    "甬": "宁波市",
}
_FALSE = re.compile(r"(?:中山大学|南京路|北京时间|海南路|临港集团以外)")
_SHORT = re.compile(r"(?:在|来|到|回|驻|离)(沪|深|京|杭|穗)|(?<![\u4e00-\u9fa5])(沪|深)(?=市|上|这边|那边|的|有|给|对)")


def mentioned_regions(text: str) -> Mentioned:
    """Regions and pilot areas that a text names.

    >>> mentioned_regions("我们在浦东张江，深圳也有分公司")
    Mentioned(regions=('上海市', '深圳市'), areas=('浦东', '张江'))
    """
    text = _FALSE.sub("", text)
    found = [(m.start(), _REGION_OF[m.group(0)], m.group(0)) for m in _ANY.finditer(text)]
    for m in _SHORT.finditer(text):
        short = m.group(1) or m.group(2)
        found.append((m.start(), _BEFORE_NUMBER[short], ""))
    found.sort()
    regions = tuple(dict.fromkeys(region for _, region, _ in found))
    areas = tuple(dict.fromkeys(name for _, _, name in found if name in PILOT_AREAS))
    return Mentioned(regions, areas)


def region_of_document(title: str, number: str, issuer: str) -> str:
    """Region that a document speaks for, by number, then issuer, then title; "" when none says so."""
    if number:
        for length in (3, 1):
            if full := _BEFORE_NUMBER.get(number[:length]):
                return full
        if number.startswith(("国发", "国办", "国函", "中发", "中办")):
            return "全国"
    for text in (issuer, title):
        if regions := mentioned_regions(text).regions:
            return regions[0]
    return ""


def contains(region: str, other: str) -> bool:
    """Whether a rule of `region` can apply in `other`: the same place, or the whole country."""
    return region in ("", "全国") or region == other
