"""Legal time: what a document says of others, what holds on which day, and what an answer makes of it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ask import Assistant
from assistant.review.standing import expired
from assistant.settings import BUNDLED_CORPUS
from assistant.staff.cards import Cards
from assistant.staff.facts import standing
from assistant.staff.filters import Filters
from assistant.staff.lookup import look_up
from assistant.staff.package import package_of
from assistant.staff.script import script_of
from assistant.staff.shelf import Shelf
from assistant.when import read_when
from index.build import build_index
from index.clause import Document, Relation, Status
from index.dates import last_day
from index.encode import Encoder
from index.lineage import Lineage
from index.parse import parse_text
from index.relations import read_relations
from index.search import Searcher
from index.validity import CEASED, HOLDING, Event, Kind, validity_of
from tests.conftest import Ran
from tests.serving import events, running
from tests.versions import FILES, write_family

TODAY = dt.date(2026, 11, 21)


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("本办法自2025年6月1日起施行，《某市甲办法》（某科规〔2023〕1号）同时废止。", "repeals", "《某市甲办法》（某科规〔2023〕1号）"),
        ("原《某市甲办法》(某科规[2023]1号)自本办法施行之日起停止执行。", "repeals", "《某市甲办法》(某科规[2023]1号)"),
        ("某科规〔2021〕3号文件同时废止。", "repeals", "某科规〔2021〕3号"),
        ("《关于印发〈某市甲办法〉的通知》（某科规〔2021〕3号）即行废止。", "repeals", "《关于印发〈某市甲办法〉的通知》（某科规〔2021〕3号）"),
        ("经研究，决定废止《某市甲办法》（某府规〔2010〕2号）。", "repeals", "《某市甲办法》（某府规〔2010〕2号）"),
        ("《某市甲办法》由本办法代替。", "replaces", "《某市甲办法》"),
        ("本办法代替《某市甲办法》。", "replaces", "《某市甲办法》"),
        ("某市推进办公室决定废止《某市甲办法》。", "repeals", "《某市甲办法》"),
        ("本办法施行后，《某市甲办法》同时废止，其他有关规定停止执行。", "repeals", "《某市甲办法》"),
        ("新办法施行后，原《某市甲办法》同时废止。", "repeals", "《某市甲办法》"),
        ("根据《某市丙办法》（某科规〔2025〕8号）停止执行《某市甲办法》。", "repeals", "《某市甲办法》"),
        ("根据《某市丙办法》，《某市甲办法》同时废止。", "repeals", "《某市甲办法》"),
        ("《某市甲办法》（某科规〔2021〕3号）自即日起废止。", "repeals", "《某市甲办法》（某科规〔2021〕3号）"),
        ("经研究，《某市甲办法》即日起停止执行。", "repeals", "《某市甲办法》"),
        ("《某市甲办法》从本办法施行之日起废止。", "repeals", "《某市甲办法》"),
        ("《某市甲办法》已经废止。", "repeals", "《某市甲办法》"),
        ("废止《某市甲办法》。", "repeals", "《某市甲办法》"),
        ("现予废止《某市甲办法》。", "repeals", "《某市甲办法》"),
        ("（三）废止《某市甲办法》（某科规〔2021〕3号）。", "repeals", "《某市甲办法》（某科规〔2021〕3号）"),
        ("经市政府同意，现废止《某市甲办法》。", "repeals", "《某市甲办法》"),
        ("《某市甲办法》（某科规〔2021〕3号，以下简称“办法”）同时废止。", "repeals", "《某市甲办法》（某科规〔2021〕3号，以下简称“办法”）"),
        ("原《某市甲办法》届时自动失效。", "repeals", "《某市甲办法》"),
        ("《某市甲办法》（某科规〔2021〕3号）及其实施细则同时废止。", "repeals", "《某市甲办法》（某科规〔2021〕3号）"),
        ("《某市甲办法》及相关配套政策同时废止。", "repeals", "《某市甲办法》"),
        ("某科规〔2021〕3号文同时废止。", "repeals", "某科规〔2021〕3号"),
        ("原《某市甲办法》（某科规［2021］3号）同时废止。", "repeals", "《某市甲办法》（某科规［2021］3号）"),
        ("现将2021年4月1日印发的《某市甲办法》（某科规〔2021〕3号）予以废止。", "repeals", "《某市甲办法》（某科规〔2021〕3号）"),
        ("《某市甲办法》（某科规〔2021〕3号）同时废止，本办法有效期五年。", "repeals", "《某市甲办法》（某科规〔2021〕3号）"),
        ("根据《某市乙办法》（某科规〔2021〕3号）修订。", "replaces", "《某市乙办法》（某科规〔2021〕3号）"),
        ("将《某市甲办法》第五条第一款修改为：“给予50万元。”", "amends", "《某市甲办法》"),
        ("现对《某市甲办法》（某科规〔2023〕1号）作如下修改：", "amends", "《某市甲办法》（某科规〔2023〕1号）"),
        ("（2020年通过 根据2023年5月1日《关于修改〈某市乙办法〉的决定》修正）", "includes", "《关于修改〈某市乙办法〉的决定》"),
    ],
)  # fmt: skip
def test_what_a_document_does_to_others_is_read_with_the_words_that_say_so(text: str, kind: str, target: str) -> None:
    (found,) = read_relations(text, "某市乙办法")
    assert (found.kind, found.target) == (kind, target)
    assert found.said and found.said in text and found.day == ""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("自2027年1月1日起，《某市甲办法》（某科规〔2021〕3号）停止执行。", "2027-01-01"),
        ("自2027年1月1日起，原《某市甲办法》同时废止。", "2027-01-01"),
        ("《某市甲办法》将于2027年1月1日起废止。", "2027-01-01"),
        ("《某市甲办法》于2025年7月1日废止。", "2025-07-01"),
        ("《某市甲办法》已于2025年7月1日废止。", "2025-07-01"),
        ("自2027年1月1日起，废止《某市甲办法》。", "2027-01-01"),
        ("自2027年3月起同时废止《某市甲办法》。", "2027-03-01"),
        ("下列文件自2027年1月1日起同时废止：\n1.《某市甲办法》", "2027-01-01"),
    ],
)
def test_a_repeal_begins_on_the_day_it_states(text: str, day: str) -> None:
    (found,) = read_relations(text, "某市乙办法")
    assert (found.kind, found.day) == ("repeals", day)


@pytest.mark.parametrize(
    ("text", "title", "targets"),
    [
        ("经研究，决定废止下列规范性文件：\n1.《甲办法》（某科规〔2021〕1号）\n2.《乙办法》\n本通知自2025年4月1日起施行。", "关于废止部分规范性文件的通知", ["《甲办法》（某科规〔2021〕1号）", "《乙办法》"]),
        ("下列文件同时废止：1.《甲办法》；2.《乙办法》。", "某市丙办法", ["《甲办法》", "《乙办法》"]),
        ("下列文件同时废止：（一）《甲办法》。", "某市丙办法", ["《甲办法》"]),
        ("一、废止下列文件：\n1.《甲办法》\n2.《乙办法》第三条\n3.《丁办法》\n二、下列文件继续有效：\n1.《戊办法》", "关于清理文件的通知", ["《甲办法》", "《丁办法》"]),
        ("下列文件继续有效，不废止：\n1.《甲办法》", "某市丙办法", []),
        ("建议废止下列文件：\n1.《甲办法》", "某市丙办法", []),
        ("经研究，该办法即日起停止执行。", "关于废止《甲办法》的通知", ["《甲办法》"]),
        ("请做好宣传。", "关于废止〈甲办法〉部分条款的通知", []),
        ("请做好宣传。", "关于《关于废止〈甲办法〉的决定》的解读", []),
        ("一、废止《甲办法》。", "关于清理规范性文件的决定", ["《甲办法》"]),
        ("一、废止《甲办法》。", "某市工作要点", []),
        ("附件：宣布失效的规范性文件目录（共2件）\n1.《甲办法》（某科规〔2020〕1号）\n2.《乙办法》", "关于宣布失效一批文件的决定", ["《甲办法》（某科规〔2020〕1号）", "《乙办法》"]),
        ("继续有效和废止的文件目录\n1.《甲办法》", "某市丙办法", []),
        ("废止、修改的文件目录\n1.《甲办法》", "某市丙办法", []),
        ("同时废止《甲办法》（某科规〔2020〕1号），自2025年6月1日起施行。", "某市丙办法", ["《甲办法》（某科规〔2020〕1号）"]),
        ("同时废止《甲办法》及其配套文件。", "某市丙办法", ["《甲办法》"]),
        ("同时废止《甲办法》等3件文件。", "某市丙办法", ["《甲办法》"]),
    ],
)  # fmt: skip
def test_a_list_or_a_title_repeals(text: str, title: str, targets: list[str]) -> None:
    assert [r.target for r in read_relations(text, title) if r.kind == "repeals"] == targets


def test_a_title_repeals_on_the_day_its_text_states() -> None:
    (found,) = read_relations("该办法自2027年1月1日起停止执行。", "关于废止《甲办法》的通知")
    assert (found.target, found.day) == ("《甲办法》", "2027-01-01")


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("某科规［2021］51号", "《某市甲办法》（某科规〔2021〕51号）同时废止。"),
        ("某科规〔2021〕51号", "《某市甲办法》（某科规［2021］51号）同时废止。"),
        ("某科规〔2021〕51号", "本办法施行后某科规〔2021〕51号同时废止。"),
        ("某科规〔2021〕51号", "原某科规〔2021〕51号同时废止。"),
    ],
)
def test_a_number_is_found_in_any_spelling(old: str, said: str) -> None:
    new = Document("new", "某市甲办法", "某科规〔2025〕52号", effective="2025-06-01", relations=read_relations(said, "某市甲办法"))  # fmt: skip
    lineage = Lineage([Document("old", "某市甲办法", old), new])
    assert lineage.on("old", "2026-01-01").kind is Kind.REPEALED


def test_a_number_that_only_ends_alike_is_another() -> None:
    new = Document(
        "new", "某市甲办法", "某科规〔2025〕52号", relations=read_relations("太原政发〔2021〕5号同时废止。", "甲")
    )
    lineage = Lineage([Document("old", "某市乙办法", "政发〔2021〕5号"), new])
    assert lineage.on("old", "2026-01-01").kind is not Kind.REPEALED


@pytest.mark.parametrize(
    "text",
    [
        "本办法与《某市甲办法》不一致的，以本办法为准。", "根据《科技进步法》，制定本办法。", "《某市甲办法》不予废止。",
        "建议废止《某市甲办法》。", "《高新技术企业证书》失效的，不得申报。", "本办法自2025年6月1日起施行，有效期五年。",
        "《某市甲办法》废止时，本细则同时废止。", "《某市甲办法》失效、修改的，从其规定。", "如《某市甲办法》废止，本指南另行修订。",
        "《某市甲办法》失效，本细则自动失效。", "《某市甲办法》废止，则本细则自行失效。", "如国家出台新规定，《某市甲办法》同时废止。",
        "有人建议：“《某市甲办法》同时废止。”", "根据已废止的《某市甲办法》，发放补贴。", "拟废止《某市甲办法》。", "各部门要抓紧清理，废止《某市甲办法》。", "废止《某市甲办法》的建议不予采纳。",
        "补充一条：“给予补贴。《某市甲办法》同时废止。”", "有效期届满，《某市甲办法》自动失效。", "除第三条外，《某市甲办法》同时废止。",
        "自国家新规定发布之日起，《某市甲办法》废止。", "本指南仅供参考，不能代替《某市甲办法》。", "本问答不可替代《某市甲办法》。",
        "企业可用自查代替《某市甲办法》规定的材料。", "原补贴按照《某市甲办法》（某科规〔2025〕8号）停止执行。", "企业违反《某市甲办法》作废票据处理。",
        "将根据评估结果对《某市甲办法》进行修订。", "适时对《某市甲办法》进行调整。", "《某市甲办法》适时进行修订。", "研究废止《某市甲办法》。",
        "按照《某市甲办法》第三条，合同金额变更的，补贴比例相应调整为变更后金额计算。", "《某市甲办法》有关规定停止执行。", "本办法施行，同时废止《某市甲办法》第三条。",
        "本平台代替《某市甲办法》规定的纸质材料。", "下列文件的部分条款废止：1.《某市甲办法》。", "对下列文件予以修改、废止：1.《某市甲办法》。", "逾期未使用的，《甲券》作废。",
        "本办法施行，同时废止《某市甲办法》附件2。", "同时废止《某市甲办法》实施细则。", "同时废止《某市甲办法》“五、支持首台套”。", "同时废止《某市甲办法》二、（三）。",
        "平台应当将《某市甲办法》第三条规定的失信企业名单及时删除。", "对《某市甲办法》第五条规定的企业，补贴比例调整为50%。", "符合《某市甲办法》第五条规定的企业，补贴比例调整为50%。", "享受《某市甲办法》第五条资助的项目，负责人调整为他人的，应当报备。",
        "根据《科技进步条例》修订。", "资格证书自2025年6月1日起失效。", "与本办法不符的规定同时废止。",
    ],
)  # fmt: skip
def test_what_only_names_another_document_is_no_relation(text: str) -> None:
    assert read_relations(text, "某市乙办法") == ()


def test_how_long_a_document_holds_is_counted_from_its_first_day() -> None:
    new = parse_text(FILES["voucher-2025.txt"], "new.txt").document
    assert (new.effective, new.expires) == ("2025-07-01", "2030-06-30")
    later = FILES["voucher-2025.txt"].replace("自2025年7月1日起施行", "自发布之日起30日后施行")
    assert parse_text(later, "new.txt").document.effective == "2025-06-29"
    assert last_day("2024-02-29", 1) == "2025-02-28"


@pytest.mark.parametrize(
    ("said", "expires"),
    [
        ("有效期至2029年5月31日", "2029-05-31"), ("有效期五年", "2029-05-31"), ("有效期限为2年", "2026-05-31"),
        ("试行1年", "2025-05-31"), ("本办法有效期为12个月", "2025-05-31"), ("算力券有效期为12个月，逾期作废", ""),
        ("贷款期限2年", ""), ("算力券有效期至2025年5月31日", ""), ("算力券按月发放，有效期12个月", ""), ("由市科委负责解释，有效期5年", "2029-05-31"), ("政策有效期为3年", "2027-05-31"),
    ],
)  # fmt: skip
def test_the_term_of_a_voucher_or_a_loan_is_not_the_documents(said: str, expires: str) -> None:
    text = (
        f"某科规〔2024〕1号\n\n某市算力券管理办法\n\n第一条 支持算力。\n第二条 本办法自2024年6月1日起施行，{said}。\n"
    )
    read = parse_text(text, "a.txt").document
    assert (read.effective, read.expires) == ("2024-06-01", expires)


DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2035, 12, 31)).map(dt.date.isoformat)
DATES = DAYS | st.just("")
EVENTS = st.lists(st.builds(Event, st.sampled_from(["repealed", "amended", "final"]), st.just("x"), st.just("《X》"), DATES), max_size=3)  # fmt: skip
DOCUMENTS = st.builds(
    Document, st.just("d"), st.just("某办法"), status=st.sampled_from(list(Status)), signed=DATES, effective=DATES,
    expires=DATES, repealed=DATES,
)  # fmt: skip


@given(DOCUMENTS, DAYS, DAYS, EVENTS)
def test_what_has_ceased_never_holds_again_and_what_began_is_not_to_come(
    document: Document, one: str, other: str, happened: list[Event]
) -> None:
    early, late = (validity_of(document, day, happened) for day in sorted((one, other)))
    if early.kind in CEASED:
        assert late.kind in CEASED
    if late.kind is Kind.NOT_YET:
        assert early.kind is Kind.NOT_YET
    if document.status is Status.DRAFT:
        assert early.kind is late.kind is Kind.DRAFT, "no day and no other document brings a draft into force"
    for valid, day in ((early, min(one, other)), (late, max(one, other))):
        assert valid.holds == (valid.kind in HOLDING) and not (valid.holds and valid.passed_over)
        assert all(e in happened and e.day <= day for e in valid.events)


@given(DOCUMENTS, DAYS, EVENTS)
def test_only_stated_days_and_what_others_did_change_a_standing(
    document: Document, day: str, happened: list[Event]
) -> None:
    turning = {document.effective, document.signed, document.expires, document.repealed, *(e.day for e in happened)}
    next_day = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    if day not in turning and next_day not in turning:
        assert validity_of(document, day, happened) == validity_of(document, next_day, happened)
    repeal = Event("repealed", "x", "《X》", day)
    without = validity_of(document, day, happened)
    if without.holds:
        assert validity_of(document, day, [*happened, repeal]).kind is Kind.REPEALED
        before = (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
        assert validity_of(document, before, [*happened, repeal]) == validity_of(document, before, happened)


@pytest.mark.parametrize(
    ("question", "day", "rest"),
    [
        ("2023年的时候首台套补多少", "2023-12-31", "首台套补多少"),
        ("2024年5月申报的时候能享受吗", "2024-05-31", "申报能享受吗"),
        ("2024年5月申报能享受吗", "2024-05-31", "申报能享受吗"),
        ("2023年广州申请的话能补多少", "2023-12-31", "广州申请的话能补多少"),
        ("2024年江苏省企业申报可以补吗", "2024-12-31", "江苏省企业申报可以补吗"),
        ("去年的政策首台套最高多少", "2025-12-31", "政策首台套最高多少"),
        ("按2022年的补贴标准能拿多少", "2022-12-31", "补贴标准能拿多少"),
        ("二〇二三年那会儿小升规奖多少", "2023-12-31", "小升规奖多少"),
        ("上个月申报的时候能补多少", "2026-10-31", "申报能补多少"),
        ("首台套补多少 那2024年呢", "2024-12-31", "首台套补多少 呢"),
        ("2023年的时候首台套补多少 那2024年6月呢", "2024-06-30", "首台套补多少 呢"),
        ("2023年的时候首台套补多少 那现在呢", "2026-11-21", "首台套补多少 那现在呢"),
        ("明年3月申报首台套能补多少", "2027-03-31", "申报首台套能补多少"),
        ("2027年1月申报还能享受吗", "2027-01-31", "申报还能享受吗"),
        ("2027年3月15日申报能补多少", "2027-03-15", "申报能补多少"),
        ("下个月申报首台套最高补多少", "2026-12-31", "申报首台套最高补多少"),
        ("年底申报还能享受吗", "2026-12-31", "申报还能享受吗"),
        ("到2027年1月还有效吗", "2027-01-31", "还有效吗"),
        ("这个政策明年还能用吗", "2027-01-01", "这个政策还能用吗"),
        ("明年下半年申报还能补吗", "2027-12-31", "申报还能补吗"),
        ("首台套补多少 那明年3月呢", "2027-03-31", "首台套补多少 呢"),
        ("2023年的政策明年还能用吗", "2027-01-01", "2023年的政策还能用吗"),
        ("明年打算申报首台套，能补多少", "2027-01-01", "打算申报首台套，能补多少"),
        ("明年能不能申请", "2027-01-01", "能不能申请"),
    ],
)
def test_a_question_about_then_says_its_day(question: str, day: str, rest: str) -> None:
    when = read_when(question, TODAY)
    assert (when.day.isoformat(), when.rest) == (day, rest)


@pytest.mark.parametrize(
    "question",
    [
        "首台套补多少", "沪府办发〔2025〕11号第九条", "沪府办发2025 11号的时候", "《到2025年的时候办法》第三条", "到2025年的时候要建成多少平台",
        "2024年签了多少合同", "2024年的时候签了多少合同", "上海2025年研发产业要达到哪些指标", "合同2023万元能补多少", "去年刚升规，每年能拿多少",
        "去年升规了，现在还能申请吗", "2026年的时候能补多少", "明年2027年了深圳那个补贴还能用不", "2023年409号文的规定", "以前没享受过政策，能申请吗",
        "到2027年的目标是多少", "到2027年要建成多少平台", "今年申报能补多少", "自2027年1月起的政策", "计划2027年建成的项目能补多少",
        "到2027年能不能培育10家龙头企业", "2027年是否继续建设算力中心", "有效期到2027年还能申请吗", "大后年还能申报吗", "明年的工作计划有哪些政策", "下个月的政策宣讲会在哪",
        "2026年度奖励什么时候发", "年底前申报还能享受吗", "明年计划招5个人能补多少", "现在申报，明年3月能拿到钱吗", "2027年1月新成立的公司能补多少", "项目2027年12月完成，还能申请吗",
    ],
)  # fmt: skip
def test_a_year_that_belongs_to_something_else_says_no_day(question: str) -> None:
    when = read_when(question, TODAY)
    assert (when.day, when.rest, when.earlier) == (TODAY, question, False)


@pytest.mark.parametrize("question", ["以前的政策怎么补", "旧办法里补多少", "原来的规定是什么"])
def test_what_held_before_can_be_asked_without_a_day(question: str) -> None:
    assert read_when(question, TODAY).earlier


def family(*names: str) -> dict[str, Document]:
    return {n.removesuffix(".txt"): parse_text(FILES[n], n).document for n in names or FILES}


def kinds(documents: dict[str, Document], day: str) -> dict[str, str]:
    lineage = Lineage(list(documents.values()))
    return {i: str(lineage.on(i, day).kind) for i in documents}


def test_each_document_stands_as_the_day_has_it() -> None:
    documents = family()
    assert kinds(documents, "2022-02-28") == {
        "voucher-2023": "not_yet", "voucher-draft": "draft", "voucher-2025": "not_yet", "proof-2022": "not_yet",
        "proof-change": "not_yet",
    }  # fmt: skip
    assert kinds(documents, "2025-06-30") | {} == {
        "voucher-2023": "in_force", "voucher-draft": "draft", "voucher-2025": "not_yet", "proof-2022": "amended",
        "proof-change": "in_force",
    }  # fmt: skip
    assert kinds(documents, "2025-07-01")["voucher-2023"] == "repealed"
    assert kinds(documents, "2030-07-01")["voucher-2025"] == "expired"


def test_a_document_that_leaves_takes_its_effects_with_it() -> None:
    documents = family()
    del documents["voucher-2025"], documents["proof-change"]
    assert kinds(documents, "2025-07-01")["voucher-2023"] == "in_force"
    assert kinds(documents, "2025-07-01")["proof-2022"] == "in_force"


def test_a_number_decides_before_a_title_and_what_is_not_here_is_kept_as_text() -> None:
    documents = family()
    other = replace(documents["voucher-2023"], document_id="elsewhere", number="沪科规〔2021〕9号", signed="2021-01-01")
    lineage = Lineage([*documents.values(), other])
    assert lineage.on("elsewhere", "2026-01-01").kind is not Kind.REPEALED, "same title, another number"
    alone = Lineage([documents["voucher-2025"]])
    (kept,) = alone.unresolved("voucher-2025")
    assert kept.target == "《上海市科技创新券管理办法》（沪科规〔2023〕5号）"
    assert "本库未收录" in standing(documents["voucher-2025"], TODAY, alone).detail
    far = replace(documents["voucher-2023"], document_id="far", region="深圳市", number="")
    by_title = replace(documents["voucher-2025"], relations=(Relation("repeals", "《上海市科技创新券管理办法》"),))
    assert Lineage([far, by_title]).on("far", "2026-01-01").holds, "an equal title of another city is another document"


def test_a_text_that_was_printed_with_its_amendments_is_not_amended_by_them() -> None:
    documents = family("proof-2022.txt", "proof-change.txt")
    revised = parse_text(
        FILES["proof-2022.txt"].replace(
            "第一条", "（根据2024年8月1日《上海市科学技术委员会关于修改〈上海市概念验证中心管理办法〉的通知》修正）\n\n第一条", 1
        ),
        "proof-2022.txt",
    ).document  # fmt: skip
    assert [r.kind for r in revised.relations] == ["includes"]
    assert kinds(documents | {"proof-2022": revised}, "2025-01-01")["proof-2022"] == "in_force"


def test_the_draft_of_a_revision_did_not_become_what_it_will_repeal() -> None:
    documents = family("voucher-2023.txt", "voucher-draft.txt")
    assert [e.by for e in Lineage(list(documents.values())).events("voucher-draft")] == ["voucher-2023"]
    later = (
        FILES["voucher-draft.txt"]
        + "第四条 本办法自发布之日起施行。《上海市科技创新券管理办法》（沪科规〔2023〕5号）同时废止。\n"
    )
    documents["voucher-draft"] = parse_text(later, "voucher-draft.txt").document
    assert not Lineage(list(documents.values())).events("voucher-draft")
    documents["voucher-draft"] = replace(family()["voucher-draft"], published="2024-11-01")
    assert not Lineage(list(documents.values())).events("voucher-draft"), "it came out after what is in force"
    documents |= family("voucher-2025.txt")
    assert [e.by for e in Lineage(list(documents.values())).events("voucher-draft")] == ["voucher-2025"]


def test_a_draft_repeals_nothing() -> None:
    documents = family("voucher-2023.txt", "voucher-2025.txt")
    documents["voucher-2025"] = replace(documents["voucher-2025"], status=Status.DRAFT)
    assert kinds(documents, "2026-01-01")["voucher-2023"] == "in_force"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    home = tmp_path_factory.mktemp("legal-time")
    build_index(home, [write_family(home / "files")], encoder)
    return home


@pytest.fixture(scope="module")
def dated(home: Path, encoder: Encoder) -> Assistant:
    return Assistant(Searcher.open(home, encoder), today=TODAY)


Run = Callable[..., Ran]


def test_the_command_line_answers_from_what_is_in_force(wence: Run, tmp_path: Path) -> None:
    folder, home = write_family(tmp_path / "files"), tmp_path / "home"
    assert wence("index", str(folder), home=home).status == 0

    def asked(question: str, *more: str) -> dict[str, object]:
        ran = wence("ask", question, "--json", *more, home=home)
        assert ran.status == 0, ran.err
        return dict(json.loads(ran.out))

    now = asked("科技创新券最高补多少")
    assert "50万元" in str(now["answer"]) and "30万元" not in str(now["answer"]) and now["as_of"] == "2026-11-21"
    then = asked("2024年5月的时候科技创新券最高补多少")
    assert "30万元" in str(then["answer"]) and "50万元" not in str(then["answer"]) and then["as_of"] == "2024-05-31"
    said = str(then["notices"])
    assert (
        "以下为2024年5月当时有效的规定" in said
        and "已于2025年7月1日废止，现行文件为" in said
        and "沪科规〔2025〕8号" in said
    )
    assert asked("科技创新券最高补多少", "--as-of", "2024-05-01")["as_of"] == "2024-05-01"
    wrong = wence("ask", "补多少", "--as-of", "去年", home=home)
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    # Without the document that repealed it, the old one is in force again.
    (folder / "voucher-2025.txt").unlink()
    assert "移除 1" in wence("index", str(folder), home=home).out
    back = asked("科技创新券最高补多少")
    assert "30万元" in str(back["answer"]) and "废止" not in str(back["notices"])


@pytest.mark.parametrize(
    ("question", "holds", "said"),
    [
        ("沪科规〔2023〕5号第三条怎么说", "30%", "已于2025年7月1日废止，现行文件为"),
        ("以前的办法创新券补多少", "30万元", "已于2025年7月1日废止"),
        ("创新券征求意见稿里补多少", "60万元", "已有正式文件《上海市科技创新券管理办法》（沪科规〔2025〕8号），本库已收录"),
        ("概念验证中心给多少钱", "300万元", "第二条自2024年9月1日起已由"),
    ],
)  # fmt: skip
def test_what_is_not_in_force_is_shown_when_it_is_asked_for_and_says_so_first(
    dated: Assistant, question: str, holds: str, said: str
) -> None:
    answer = dated.answer(question)
    assert holds in answer.text and any(said in notice for notice in answer.notices), answer.notices
    assert answer.sentences[0].support == "notice", "what is read out says it before the figure"
    assert script_of(answer).lines[0].kind == "notice"


def test_an_expired_document_answers_only_where_nothing_in_force_does(encoder: Encoder, tmp_path: Path) -> None:
    build_index(tmp_path / "home", [write_family(tmp_path / "files", "voucher-2023.txt", "proof-2022.txt")], encoder)
    late = Assistant(Searcher.open(tmp_path / "home", encoder), today=dt.date(2029, 1, 1))
    answer = late.answer("科技创新券每家企业每年最高补多少")
    assert "30万元" in answer.text and "已过期" in answer.sentences[0].text
    assert any("有效期至2028年5月31日，现已届满" in n for n in answer.notices)
    assert answer.citations[0].clause.status == Status.EXPIRED


def test_no_sum_is_made_of_what_is_repealed_or_changed_since(dated: Assistant) -> None:
    question = "签了100万元合同用创新券能补多少"
    assert any("100万元×50%＝50万元" in s.formula for s in dated.answer(question).sentences)
    named = dated.answer("按沪科规〔2023〕5号，签了100万元合同用创新券能补多少")
    assert not any(s.formula for s in named.sentences)
    then = dated.answer(question, as_of=dt.date(2024, 5, 1))
    assert any("100万元×30%＝30万元" in s.formula for s in then.sentences) and "当时有效" in then.sentences[0].text


def test_a_document_not_yet_in_force_keeps_silent(dated: Assistant) -> None:
    answer = dated.answer("科技创新券最高补多少", as_of=dt.date(2025, 6, 30))
    assert "30万元" in answer.text and "50万元" not in answer.text


def test_the_interface_takes_a_day(dated: Assistant, tmp_path: Path) -> None:
    with running(dated, tmp_path) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        reply = client.post("/api/chat", json={"question": "科技创新券最高补多少", "as_of": "2024-05-01"})
        done = events(reply.text)[-1][1]
        assert done["as_of"] == "2024-05-01" and "30万元" in done["answer"]
        assert client.post("/api/chat", json={"question": "补多少", "as_of": "去年"}).status_code == 422
        rows = {d["document_id"]: d["status"] for d in client.get("/api/documents").json()}
        assert (rows["voucher-2023"], rows["voucher-2025"]) == ("repealed", "issued")
        found = client.post("/api/search", json={"question": "科技创新券最高补多少", "top": 12}).json()["results"]
        places = {r["document_id"]: r["rank"] for r in reversed(found)}
        assert places["voucher-2025"] < places["voucher-2023"]
        assert {r["status"] for r in found if r["document_id"] == "voucher-2023"} == {"repealed"}


def test_the_workbench_tells_the_derived_standing(dated: Assistant) -> None:
    shelf = Shelf(dated.searcher)
    cards = Cards(shelf, TODAY)
    old = cards.document(dated.searcher.document("voucher-2023"))
    assert (
        old.standing == "已废止"
        and "自2025年7月1日起废止，现行文件为《上海市科技创新券管理办法》（沪科规〔2025〕8号）" in old.detail
    )
    assert "自2024年9月1日起由" in cards.document(dated.searcher.document("proof-2022")).detail
    assert "本库已收录" in cards.document(dated.searcher.document("voucher-draft")).detail
    found = look_up(shelf, "", Filters(status="repealed"), day=TODAY.isoformat(), top=50).clauses
    assert {c.document_id for c in found} == {"voucher-2023"}
    line = look_up(shelf, "科技创新券最高补贴", Filters(), day=TODAY.isoformat()).clauses
    names = [c.document_id for c in line]
    assert names.index("voucher-2025") < names.index("voucher-2023")
    from assistant.staff.caller import Caller

    package = package_of(Caller("上海市", story="用科技创新券买了检测服务"), shelf, TODAY)
    assert "voucher-2023" not in {i.clause.document_id for i in package.items}


def test_a_pinned_answer_on_a_repealed_document_is_at_fault(dated: Assistant) -> None:
    assert "已废止" in expired("voucher-2023", dated.searcher, TODAY)
    assert "已有正式文件" in expired("voucher-draft", dated.searcher, TODAY)
    assert expired("voucher-2025", dated.searcher, TODAY) == ""


def test_the_catalog_states_relations_and_they_can_be_edited(wence: Run, tmp_path: Path) -> None:
    folder, home = write_family(tmp_path / "files", "voucher-2023.txt", "proof-2022.txt"), tmp_path / "home"
    new = folder / "proof-2022.txt"
    ran = wence("catalog", "edit", str(new), "repeals=沪科规〔2023〕5号", home=home)
    assert ran.status == 0, ran.err
    assert 'repeals = ["沪科规〔2023〕5号"]' in (folder / "catalog.toml").read_text(encoding="utf-8")
    assert "废止的文件：沪科规〔2023〕5号" in wence("catalog", "show", str(new), home=home).out
    assert wence("index", str(folder), home=home).status == 0
    answer = json.loads(wence("ask", "沪科规〔2023〕5号第三条", "--json", home=home).out)
    assert "已于2022年3月1日废止" not in str(answer["notices"]), "what was issued later cannot be repealed by it"
    wence("catalog", "edit", str(folder / "voucher-2023.txt"), "repealed=2026-01-01", home=home)
    wence("index", str(folder), home=home)
    answer = json.loads(wence("ask", "沪科规〔2023〕5号第三条", "--json", home=home).out)
    assert "已于2026年1月1日废止" in str(answer["notices"])


def test_a_real_draft_is_passed_over_once_its_final_text_is_here(encoder: Encoder, tmp_path: Path) -> None:
    """The catalog names the final text by its number; the day its file comes, the draft takes second place."""
    folder = tmp_path / "files"
    shutil.copytree(BUNDLED_CORPUS, folder)
    final = "沪府办规〔2024〕14号\n\n上海市加快科技服务业高质量发展的若干措施\n\n第一条 打造科技服务业发展集聚区，鼓励各区给予入驻企业房租支持。\n第二条 本措施自2024年8月1日起施行，有效期至2029年7月31日。\n\n上海市人民政府办公厅\n2024年7月1日\n"
    (folder / "final.txt").write_text(final, encoding="utf-8")
    build_index(tmp_path / "home", [folder], encoder)
    searcher = Searcher.open(tmp_path / "home", encoder)
    assert searcher.lineage.passed_over(TODAY.isoformat()) == {"sh-measures-draft"}
    answer = Assistant(searcher, today=TODAY).answer("上海若干措施征求意见稿里怎么支持打造科技服务业发展集聚区")
    said = "已有正式文件《上海市加快科技服务业高质量发展的若干措施》（沪府办规〔2024〕14号），本库已收录"
    assert any(said in notice for notice in answer.notices) and not any("未收录" in n for n in answer.notices)
    card = next(c for c in searcher.clauses if c.clause_id == "sh-measures-draft:card")
    assert "本库已收录" in card.text and "未收录" not in card.text
    plain = Assistant(searcher, today=TODAY).answer("上海怎么打造科技服务业发展集聚区")
    assert {c.clause.document_id for c in plain.citations}.isdisjoint({"sh-measures-draft"})


def test_no_more_is_said_of_then_than_is_known(assistant: Assistant) -> None:
    """A document that states no end is not called in force, and nobody knows what will be made until 2030."""
    then = assistant.answer("2023年的时候上海首台套最高补多少")
    assert then.sentences[0].text == "以下为2023年当时已印发的规定（未载明有效期）。"
    assert not any("仍然有效" in n for n in then.notices) and any("没有废止或替代它的文件" in n for n in then.notices)
    later = assistant.answer("上海首台套最高补多少", as_of=dt.date(2030, 1, 1))
    assert "届时可能另有规定" in later.sentences[0].text and "当时有效" not in str(later.to_json())


def test_the_five_documents_stand_as_before(searcher: Searcher) -> None:
    day = TODAY.isoformat()
    assert searcher.lineage.passed_over(day) == frozenset()
    assert not any(d.relations or d.amendments for d in searcher.documents)
    assert searcher.lineage.passed_over("2024-01-01") == {"sh-opinions-2025-11", "sh-reply-2025-36"}
