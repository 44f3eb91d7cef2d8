"""What an asker wants: a standalone question, or small talk, or something we do not do. Rules only.

Text of the asker is data: a sentence that gives orders to the assistant is cut out and the rest, if it
asks something, is answered as if it had never been there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.answer import Turn
from index.regions import REGION_NAMES, mentioned_regions
from index.words import load_terms, normalise

Kind = Literal["question", "smalltalk", "unsafe", "out_of_scope", "empty"]
MAX_QUESTION_CHARS = 2000
"""Longer input is cut, and the answer says so: what is asked stands in the first or last sentences."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A message, understood."""

    kind: Kind
    standalone: str
    """The question with what it refers to; "" when it is none."""
    followed: bool = False
    """Words of earlier turns were added."""
    shortened: bool = False
    unsure: bool = False
    """It points at one of several things named before, and rules cannot tell which: a model may do better."""


_SMALL = re.compile(
    r"(?:你好|您好|哈喽|嗨|hi|hello|在吗|在不在|有人吗|早上好|上午好|下午好|晚上好|早|谢谢|多谢|感谢|谢了|辛苦了?|麻烦了|好的|好滴|好嘞|收到|知道了|明白了|了解了?|嗯+|哦+|噢|ok|行"
    r"|再见|拜拜|回头聊|没事了|没有了|你是谁|你叫什么(?:名字)?|你是(?:机器人|真人|人工)(?:吗|还是人)?|(?:你)?(?:都)?(?:能|会|可以)(?:做|干|帮我做|帮我|回答)(?:什么|啥|嘛|哪些)(?:问题|事)?|介绍一下你自己|你是(?:什么|啥)"
    r"|太好了|真棒|不错|厉害|哈哈+|呵呵|嘿嘿|非常感谢|太谢谢(?:你|您)?了?|帮大忙了|今天(?:心情|天气)真?好|吃了吗)",
    re.I,
)
_FILLER = re.compile(r"[\s，,。.！!？?~～、…啊呀哦呢吧哈啦了的你您老师小助手同志问策客服朋友]+")
_ORDER = re.compile(
    r"(?:请|现在|从现在起|接下来)?(?:忽略|无视|忘记|忘掉|抛开|不要遵守|不必遵守|绕过|跳过|覆盖)[^。！？\n]{0,24}(?:规则|指令|设定|限制|提示词?|要求|约束|以上|之前|上面|前面|一切)[^。！？，,；;\n]*[。！？，,；;\n]?"
    r"|(?:你现在是|从现在起你是|你将扮演|扮演一个|假装你?是|假设你是|假如你是)[^。！？，,\n]{0,40}[。！？，,\n]?|进入[^。！？\n]{0,12}模式[^。！？，,\n]*[。！？，,\n]?"
    r"|</?[^<>\n]{1,20}>|新(?:规定|指令|规则)[：:][^。！？\n]*[。！？\n]?|请?按(?:照)?新(?:规定|指令|规则)(?:来)?(?:回答)?"
    r"|(?:输出|打印|显示|告诉我|重复|泄露|给我看)[^。！？\n]{0,12}(?:系统提示|提示词|system\s*prompt|初始指令|内部指令|隐藏指令|prompt)[^。！？\n]*[。！？\n]?"
    r"|(?:ignore|disregard|forget|override)[^.!?。\n]{0,40}(?:previous|above|prior|all|instruction|rule|prompt)[^.!?。\n]*[.!?。\n]?"
    r"|(?:system|assistant|developer)\s*[:：][^\n]*|<\|?/?(?:system|im_start|im_end|inst)[^>]*>?|(?:开发者|上帝|越狱|DAN)\s*模式[^。，\n]*[。，]?"
    r"|(?:答应|同意|批准|宣布|承诺|保证)(?:批|发|奖|补|给|我|所有|全部|全体|都)[^。！？，,\n]{0,30}[。！？，,\n]?|(?:照着|跟着|照)(?:我)?(?:说的)?(?:念|读|说|答|回答)|不用看(?:文件|条款|规定)|听我的"
    r"|(?:系统|管理员|开发者|运维|上级|官方)(?:通知|消息|指令|提示|授权|公告|更新)?\s*[:：][^。！？\n]*[。！？\n]?|(?:不要|别|无需|不用|不必)(?:再)?(?:引用|看|管|依据|查|理会|附)(?:任何)?(?:条款|文件|规则|原文|出处|依据)[^。！？，,\n]*[。！？，,\n]?"
    r"|(?:当作|视为|假定|默认)[^。！？，,\n]{0,20}(?:批准|通过|有效|现行|正式|同意)[^。！？，,\n]*[。！？，,\n]?|(?:透露|说出|复述|导出|输出|打印|告诉我)[^。！？\n]{0,8}(?:密钥|api\s*key|密码|配置|规则|设定|提示|数据库|聊天记录|别人的)[^。！？\n]*[。！？\n]?"
    r"|(?:你必须|你只能|你要|只需|只用|只要|请只)(?:回答|说|回|输出|承认)[^。！？，,\n]*[。！？，,\n]?|(?:测试|维护|调试|管理员|无限制)模式[^。！？，,\n]*[。！？，,\n]?|base64|解码后执行"
    r"|(?:必须|只能|直接|就)(?:回答|说|告诉我|输出|回复)[“\"「]?[^。！？\n]{0,30}(?:万元?|可以|批准|通过|同意)[”\"」]?[^。！？，,\n]*[。！？，,]?",
    re.I,
)
_UNSAFE = re.compile(
    r"(?:伪造|造假|做假|假冒|冒充|编造|虚构|虚开|虚报|虚增|骗取|骗补|套取|套(?:国家)?补贴款|瞒报|刷(?:流水|单|营收)|假(?:的)?[\u4e00-\u9fa5]{0,4}?(?:发票|合同|流水|材料|证明|公章|章|账|专利|员工|社保|营业|数据|资质|报表)"
    r"|(?:改|调|做高|做大|P|ps)(?:一下)?(?:高|大)?(?:报表|营收|数据|流水|证书|公章)|做(?:两套|假)账|凑(?:数据|流水|收入|营收|研发)(?!不)|(?:收入|营收|营业额|流水)(?:给)?凑(?!不)|对开.{0,4}发?票|(?:才|怎么|如何|让).{0,8}(?:看不出|查不出|发现不了)|挂(?:名|靠)社保|蒙混过关|钻空子|糊弄|应付检查|躲(?:过)?(?:检查|审计)"
    r"|买(?:几个|些|点)?(?:发票|专利|论文|流水|社保|奖)|虚假|挂证|代(?:考|签)|套现|空壳|瞒(?:着|过|报)|内部名额|关系户|花钱(?:买|搞定)|改(?:一下|下)?(?:日期|合同金额|营收数)|PS(?:一)?(?:张|个|份)"
    r"|行贿|贿赂|送(?:红包|礼|钱|点礼)|塞.{0,4}(?:钱|红包|好处)|打点|走后门|找关系|通融|回扣|洗钱|逃税|偷税|漏税|黑客|攻击(?:网站|系统)|病毒|木马|炸弹|毒品|枪支|自杀|杀(?:人|了)|赌博|色情|个人信息|身份证号是多少|家庭住址)",
    re.I,
)
_ABUSE = re.compile(
    r"(?:傻[逼比叉]|煞笔|sb|妈的|他妈|操你|草泥马|去死|滚(?:蛋|开|$)|垃圾(?:系统|机器人|东西|玩意)?|废物|智障|脑残|狗屁|王八|混蛋|蠢货|白痴)",
    re.I,
)
_OUTSIDE = re.compile(
    r"(?:天气|下雨|下雪|气温|火锅|好吃|餐厅|饭店|咖啡馆|NBA|昨晚|谁赢|睡前|童话|股票|股价|基金净值|彩票|星座|菜谱|做饭|怎么做.{0,6}(?:菜|肉|鱼|饭)|电影|电视剧|歌词|唱|笑话|讲.{0,6}故事|写(?:一)?(?:首|段|篇|个)(?:诗|代码|程序|作文|小说|文案|情书|脚本|函数)|python|java|代码|编程|爬虫|翻译|数学题|解方程"
    r"|离婚|结婚|婚姻|彩礼|恋爱|女朋友|男朋友|减肥|看病|感冒|吃什么药|医保报销|养老金|驾照|违章|护照|签证怎么办|高考|考研|公务员考试|旅游|机票|酒店|火车票|快递|外卖|游戏|足球|篮球|世界杯|奥运|明星|房价|买房|二手房|比特币|炒币|汇率|世界上最|首都是)",
    re.I,
)
_DEPENDENT = re.compile(
    r"^(?:那么?|还有|另外|再|然后|它|这|该|此|其中|其|前者|后者|上面|刚才|刚刚|前面|第[一二三四五]年|对了|如果|要是|具体|怎么|为什么|为啥|有没有|需要|要|多少|几|谁|哪|什么|啥|是不是|可以|能|算|包括|分别|一共|总共|加起来|合计|期限|条件|金额|部门|有效期)"
    r"|(?:这个|那个|这笔|那笔|这项|该项|这条|那条|它|上述|以上|前面|刚才|刚说|你说|这些|那些|这种|这份|那份|这文件)|呢[？?]?$"
)
POINTS = re.compile(
    r"前者|后者|(?:前|后)一(?:个|项|条|种|笔)|前两|后两|另(?:外)?(?:一|那)?(?:个|项|条|种|笔)|第[一二三四五](?:个|项|点|种|笔)(?!季度|月)|最后(?:一|那)?(?:个|项|条|种)|其他(?:的|几)|两(?:个|者|种)|都(?:要|是|能|可以)"
)
"""Points at one of several things, or at all of them."""
_ASKING = re.compile(
    r"(?:能|可以|到底|大概|一般|具体|现在)?(?:给|补|奖|拿|领|报|补贴|奖励|资助)?(?:到)?(?:多少(?:钱|万)?|几万|几个点|什么|啥|哪些|哪个|哪里|哪儿|谁|怎么|如何|为什么|几家|几年)"
    r"(?:部门|单位|条件|要求|金额|时候|企业|管|负责)?|是(?:什么|多少|谁|啥)|有(?:没有|吗|什么|哪些)|吗|呢|吧|么|请问|想问|问一下|咨询|[？?。！!，,]"
)


def understand(message: str, history: Sequence[Turn] = ()) -> Understood:
    """Read one message in its conversation.

    Args:
        message: as typed, any length, any characters.
        history: earlier turns, oldest first.
    """
    text, shortened = clean(message)
    if not re.search(r"[\u3400-\u9fffA-Za-z0-9]", text):
        return Understood("empty", "")
    if _UNSAFE.search(text):
        return Understood("unsafe", "")
    rest = re.sub(r"\s+", " ", _ORDER.sub(" ", text)).strip(" ，,。；;：:")
    if rest != text.strip(" ，,。；;：:") and not _asks(rest):
        return Understood("unsafe", "")
    text = rest or text
    if _ABUSE.search(text):
        text = _ABUSE.sub(" ", text).strip()
        if not _asks(text):
            return Understood("unsafe", "")
    if not _FILLER.sub("", _SMALL.sub("", text)) or _is_thanks(text):
        return Understood("smalltalk", "")
    if _OUTSIDE.search(text) and not _POLICY_SUBJECT.search(text):
        return Understood("out_of_scope", "")
    if _is_chat(text, history):
        return Understood("smalltalk", "")
    standalone = standalone_question(text, history)
    unsure = bool(history) and len(text) <= 40 and bool(POINTS.search(text))
    return Understood("question", standalone, followed=standalone != text, shortened=shortened, unsure=unsure)


def _is_thanks(text: str) -> bool:
    """Thanks or praise with a few more words and no question in them."""
    polite = re.match(r"(?:好的?[，, ]?)?(?:谢谢|多谢|感谢|谢了|辛苦|太好了|明白了|知道了|不错)", text)
    who = re.match(r"你(?:到底)?是(?:个)?(?:机器人|真人|人工|AI|什么|谁|人)", text, re.I)
    return len(text) <= 24 and bool(polite and not re.search(r"[?？吗呢]|多少|什么|哪|怎么", text) or who)


_ASKS = re.compile(
    r"[?？吗呢么]|什么|啥|多少|怎么|哪|谁|几|给|补|奖|钱|能|可以|要|求|查|找|问|说说|讲讲|介绍|帮|写|做|订|推荐|条|号|文|\d"
)


def _is_chat(text: str, history: Sequence[Turn]) -> bool:
    """A short remark that asks nothing and names no policy subject and no place."""
    flat = normalise(text)
    return (
        len(text) <= 16 and not history and not _ASKS.search(flat) and not _about_policy(flat)
        and not load_terms().names_subject(flat) and not mentioned_regions(text).regions
    )  # fmt: skip


def clean(message: str) -> tuple[str, bool]:
    """Message without control characters and runs of space, and whether it was shortened."""
    text = "".join(c if unicodedata.category(c)[0] != "C" or c in "\n\t" else " " for c in message)
    text = re.sub(r"[ \t\u3000]+", " ", re.sub(r"\s*\n\s*", " ", text)).strip()
    if len(text) <= MAX_QUESTION_CHARS:
        return text, False
    half = MAX_QUESTION_CHARS // 2
    return text[:half] + " " + text[-half:], True


def _asks(text: str) -> bool:
    """What is left is long enough, and about something, to be a question of its own."""
    return len(re.sub(r"[\W\d_]", "", text)) >= 5 and _about_policy(text)


_POLICY_WORDS = re.compile(
    r"政策|补贴|奖励|资助|申报|企业|公司|文件|条款|办法|措施|意见|方案|规定|扶持|园区|研发|科技|专利|知识产权|孵化|升规|贷款|税|人才|部门|号文|第.{1,4}条"
)


_POLICY_SUBJECT = re.compile(
    r"政策|补贴|奖励|资助|申报|条款|扶持|升规|专利|知识产权|孵化|研发|科技服务|号文|第.{1,4}条"
)


def _about_policy(text: str) -> bool:
    flat = normalise(text)
    return bool(_POLICY_WORDS.search(flat)) or any(len(w) > 2 and w.lower() in flat for w in load_terms().words)


def standalone_question(text: str, history: Sequence[Turn]) -> str:
    """The question with what it refers to in earlier user turns; unchanged when it stands by itself.

    “那深圳呢” takes the last question with the city exchanged; “需要什么条件” takes its subject.
    """
    earlier = [clean(t.content)[0] for t in history if t.role == "user" and t.content.strip()]
    if not earlier or not _depends(text):
        return text
    # Each earlier question may itself lean on the one before it.
    base = earlier[0]
    for question in earlier[1:]:
        base = _join(base, question) if _depends(question) else question
    return _join(base, text)


def _depends(text: str) -> bool:
    """Whether a message needs an earlier one to be understood."""
    if len(text) > 40:
        return False
    named = load_terms().names_subject(normalise(text))
    if not named and len(text) <= 24 and not re.search(r"\d+\s*号|《", text):
        return True
    return bool(_DEPENDENT.search(text)) and len(_content(text)) <= 8


def _content(text: str) -> str:
    """What a question is about, without the asking, the city and the little words."""
    flat = _ASKING.sub("", normalise(text))
    for name in sorted(REGION_NAMES, key=len, reverse=True):
        flat = flat.replace(name, "")
    return re.sub(
        r"[那的了个这它还有也都是在和与跟我们你咱要想能可以家算给对再另外其]|补贴|奖励|政策|企业|公司|条件|部门|单位|金额|期限|有效期|牵头|配合|责任",
        "",
        flat,
    ).strip()


def _join(base: str, text: str) -> str:
    place = mentioned_regions(text)
    if place.regions:
        # The city is exchanged: the old one must not stay and widen the search again.
        for name in sorted(REGION_NAMES, key=len, reverse=True):
            base = base.replace(name, "")
    if place.regions and not _content(text):
        return f"{''.join(r.removesuffix('市').removesuffix('省') for r in place.regions)}{base}".strip()
    if _SUM.search(text):
        base = _SUM.sub("", base)  # 那要是一个亿呢: the new amount takes the place of the old one
    subject = re.sub(r"\s+", " ", _ASKING.sub(" ", base)).strip()
    return f"{subject} {text}".strip()


_SUM = re.compile(r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百千]+)\s*个?(?:[万亿]元?|千万|百万)")
