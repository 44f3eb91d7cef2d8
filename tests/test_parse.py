"""Parsing, requirement by requirement: nothing lost, nothing invented, whatever an office printed."""

from __future__ import annotations

import re

import pytest

from index.clause import Clause, Status
from index.parse import Parsed, parse_text


def parse(text: str) -> Parsed:
    parsed = parse_text(text, "document.txt")
    assert parsed.receipt.unclassified == 0
    assert sum(parsed.receipt.totals.values()) == len(text)
    assert not [line for line in parsed.receipt.doubts if "账目不平" in line]
    return parsed


def clauses(text: str) -> dict[str, Clause]:
    return {c.label: c for c in parse(text).clauses}


def texts(text: str) -> list[str]:
    return [c.text for c in parse(text).clauses]


def everything(parsed: Parsed) -> str:
    return "\n".join("\n".join([*c.path, c.label, c.title, c.text, c.department_text]) for c in parsed.clauses)


# -- sentences broken by pages ------------------------------------------------------------------------


@pytest.mark.parametrize("furniture", ["\n\n", "\n- 2 -\n", "\n— 2 —\n\f", "\n\n第 2 页 共 9 页\n\n", "\n\n---\n\n"])
def test_a_sentence_broken_in_a_word_by_a_page_is_joined(furniture: str) -> None:
    source = f"某市意见\n一、总体要求\n深入实施科教兴市战略，推动科技服务业高质量发展，建设具有全球影响力的科技创{furniture}新中心。\n"
    assert texts(source) == ["深入实施科教兴市战略，推动科技服务业高质量发展，建设具有全球影响力的科技创新中心。"]
    assert any("跨空行接续" in doubt for doubt in parse(source).receipt.doubts)


def test_running_headers_and_page_numbers_of_every_page_are_noise() -> None:
    pages = [
        "第一条 为了规范市场秩序，保护消费者合法权益，促进社会经济健康发展，结合本市实",
        "际，制定本条例。\n第二条 各级人民政府应当加强领导，组织、协调、督促有关部门，落实保护消费者合法权",
        "益的职责。\n第三条 保护消费者的合法权益是全社会的共同责任，国家机关应当主动接受社会监",
        "督。",
    ]
    source = "".join(f"{page}\n某市消费者权益保护条例    {i}\n\f法规汇编2024\n" for i, page in enumerate(pages, 1))
    parsed = parse("某市消费者权益保护条例\n" + source)
    assert [c.label for c in parsed.clauses] == ["第一条", "第二条", "第三条"]
    assert parsed.clauses[0].text.endswith("结合本市实际，制定本条例。")
    assert {name for name, _, _ in parsed.receipt.noise} == {"running_header"}


def test_bare_page_numbers_are_noise_only_when_they_count_through_broken_sentences() -> None:
    page = "支持企业加大研发投入，建设研发机构，完善科技服务体系，" * 4 + "推动科技服务业高"
    source = f"某市意见\n\n一、要求\n\n{page}\n\n1\n\n质量发展，{page}\n\n2\n\n质量发展，{page}\n\n3\n\n质量发展。\n"
    assert len(texts(source)) == 1
    assert "高质量发展" in texts(source)[0]
    column = "某市标准\n第一条 标准如下：\n1\n200\n2\n300\n第二条 其他。\n"
    assert texts(column) == ["标准如下：\n1\n200\n2\n300", "其他。"]


def test_an_amount_on_the_next_line_stays_in_its_sentence() -> None:
    source = "某市措施\n1.支持创新。对企业给予最高\n500万元奖励。\n2.支持人才。每户每年\n\n1000元，分两年\n拨付。\n"
    assert "对企业给予最高500万元奖励。" in texts(source)[0]
    assert "每户每年1000元" in texts(source)[1]


def test_text_wrapped_at_a_width_is_joined_and_an_indent_begins_a_paragraph() -> None:
    source = (
        "某市概念验证中心建设管理办法\n\n"
        "  第一条 为加快科技成果转化，根据《某省促进科技成果\n转化条例》第十条、第十二条的规定，结合我市实际，制定本\n办法。\n"
        "  第二条 本办法所称概念验证中心，是指依托高校、科研\n院所建设的服务机构，主要职责包括：\n"
        "  （一）开展技术可行性研究；\n"
        "  （二）开展商业化评估，并按照本办法第一条规定的原\n则，组织专家论证。\n"
    )
    assert texts(source) == [
        "为加快科技成果转化，根据《某省促进科技成果转化条例》第十条、第十二条的规定，结合我市实际，制定本办法。",
        "本办法所称概念验证中心，是指依托高校、科研院所建设的服务机构，主要职责包括：\n（一）开展技术可行性研究；\n"
        "（二）开展商业化评估，并按照本办法第一条规定的原则，组织专家论证。",
    ]


# -- footnotes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        ("<sup>1</sup>", "<sup>1</sup> "),
        ("[^1]", "[^1]: "),
        ("[1]", "[1] "),
        ("①", "① "),
        ("〔1〕", "〔1〕"),
        ("<sup>[1]</sup>", "<sup>[1]</sup>"),
    ],
)
def test_a_footnote_goes_to_the_clause_that_bears_its_mark(mark: str, note: str) -> None:
    source = f"某市报告\n一、情况\n本市研发产业{mark}规模持续扩大。\n{note}研发产业是指以研发为主的产业。\n二、问题\n龙头企业偏少。\n"
    first, second = parse(source).clauses
    assert first.text == "本市研发产业规模持续扩大。"
    assert [n.text for n in first.footnotes] == ["研发产业是指以研发为主的产业。"]
    assert second.footnotes == ()


def test_a_mark_on_a_heading_gives_the_footnote_to_the_first_clause_below() -> None:
    source = "某市方案\n一、重点任务<sup>1</sup>\n（一）建设平台\n建设公共平台。\n<sup>1</sup> 任务分工见附件。\n"
    assert [n.text for n in parse(source).clauses[0].footnotes] == ["任务分工见附件。"]


def test_a_footnote_without_a_mark_is_reported_and_raised_figures_stay() -> None:
    parsed = parse("某市标准\n一、面积\n面积不少于200m<sup>2</sup>的给予支持。\n\n<sup>9</sup> 没有标记的注。\n")
    assert parsed.clauses[0].text == "面积不少于200m2的给予支持。"
    assert any("脚注 9 没有找到正文标记" in doubt for doubt in parsed.receipt.doubts)


def test_circled_numbers_that_list_things_are_items_not_footnotes() -> None:
    assert texts("某市指南\n1.负责人须符合：\n①在职；\n②不超过60周岁。\n2.其他。\n") == [
        "负责人须符合：\n①在职；\n②不超过60周岁。",
        "其他。",
    ]


# -- markup and web pages ------------------------------------------------------------------------------


def test_markup_is_set_aside_and_the_words_stay() -> None:
    source = "某市办法\n第一条　[bookmark: _GoBack]**支持**企业，见[指南](http://a.cn/x)。\u200b\n\n---\n\n第二条　处理个人数据&nbsp;应当合法。\n* 最小必要；\n"
    assert texts(source) == ["支持企业，见指南。", "处理个人数据应当合法。\n最小必要；"]


def test_a_page_in_html_loses_its_tags_and_scripts_only() -> None:
    source = (
        "<html><head><title>网站</title><script>var 甲=1;</script></head><body><h1>某市孵化器管理办法</h1>\n"
        '<p style="text-indent:2em">第一条&nbsp;为了规范管理，制定本办法。</p><p>第二条&nbsp;面积不低于<b>3000</b>平方米。</p>\n'
        "<table><tr><td>国家级</td><td>100万元</td></tr><tr><td>市级</td><td>50万元</td></tr></table></body></html>"
    )
    parsed = parse(source)
    assert parsed.document.title == "某市孵化器管理办法"
    assert [c.text for c in parsed.clauses] == [
        "为了规范管理，制定本办法。",
        "面积不低于3000平方米。\n国家级 100万元\n市级 50万元",
    ]


def test_the_furniture_of_a_web_page_is_noise_and_its_facts_are_metadata() -> None:
    source = (
        "当前位置：首页>政策文件\n某区若干政策\n字体大小：【大】【中】【小】 打印 关闭\n发布时间：2024-05-06  来源：区经委\n"
        "发文字号：\n\n某府规〔2024〕2号\n\n各镇人民政府、街道办事处：\n为促进发展，制定如下政策。\n第一条（适用范围）\n本政策适用于本区企业。\n"
        "某区人民政府办公室\n2024年4月30日\n政策全文.pdf\n上一篇：通知\n【打印本页】【关闭窗口】\n"
    )
    parsed = parse(source)
    assert [c.text for c in parsed.clauses] == ["为促进发展，制定如下政策。", "本政策适用于本区企业。"]
    assert parsed.clauses[1].title == "适用范围"
    assert (parsed.document.number, parsed.document.signed) == ("某府规〔2024〕2号", "2024-04-30")
    assert {name for name, _, _ in parsed.receipt.noise} == {"navigation", "download"}


def test_a_sentence_that_ends_in_a_file_name_is_text() -> None:
    assert "命名为推荐表.docx" in everything(
        parse("某函\n请将材料发送至邮箱，附件命名为推荐表.docx\n截止日期为5月1日。\n")
    )


# -- headings, paths, numbers --------------------------------------------------------------------------


def test_headings_make_a_path_whatever_their_markdown_level_says() -> None:
    source = "# 某市细则\n\n### 第一章 总则\n\n#### 第一条\n为了规范，制定本细则。\n\n## 第二条\n坚持创新。\n\n# 第二章 权益\n\n##### 第三条 【数据权益】\n依法享有。\n"
    got = [(c.path, c.label, c.title, c.text) for c in parse(source).clauses]
    assert got == [
        (("第一章 总则",), "第一条", "", "为了规范，制定本细则。"),
        (("第一章 总则",), "第二条", "", "坚持创新。"),
        (("第二章 权益",), "第三条", "数据权益", "依法享有。"),
    ]


def test_a_law_has_parts_chapters_sections_articles_paragraphs_and_items() -> None:
    source = (
        "某法\n\n目　录\n\n第一编　总则\n　第一章　主体\n　　第一节　自然人\n第二编　物权\n附　则\n\n"
        "第一编　总则\n第一章　主体\n第一节　自然人\n　　第一条　自然人有下列情形的，适用本法：\n　　（一）甲；\n　　（二）乙。\n　　前款所称乙，由国务院规定。\n"
        "　　第一条之一　丙。\n第二编　物权\n　　第一千零二条　物权受保护。\n附　则\n　　第一千零三条　本法自2021年1月1日起施行。\n"
    )
    parsed = parse(source)
    assert [(c.path[-1], c.label) for c in parsed.clauses] == [
        ("第一节　自然人", "第一条"), ("第一节　自然人", "第一条之一"), ("第二编　物权", "第一千零二条"), ("附　则", "第一千零三条"),
    ]  # fmt: skip
    assert (
        parsed.clauses[0].text == "自然人有下列情形的，适用本法：\n（一）甲；\n（二）乙。\n前款所称乙，由国务院规定。"
    )
    assert parsed.clauses[0].path == ("第一编　总则", "第一章　主体", "第一节　自然人")
    assert {name for name, _, _ in parsed.receipt.noise} == {"contents"}


def test_numbers_without_a_space_after_them_are_numbers() -> None:
    source = "某办法\n第一章总则\n第一条为了规范，制定本办法。\n第二条项目申报遵循公开原则。\n第三条目标考核由市政府组织。\n第四条第三条规定的考核按年进行。\n"
    assert list(clauses(source)) == ["第一条", "第二条", "第三条", "第四条"]


def test_a_cross_reference_is_not_an_article_even_at_a_line_start() -> None:
    source = "某条例\n第一条 根据《科技进步法》第三条、第四条的规定，制定本条例。\n第二条 违反本条例\n第一条规定的，责令改正。\n第三条 依照《处罚法》\n第五条、第六条执行。\n"
    assert {k: v.text for k, v in clauses(source).items()} == {
        "第一条": "根据《科技进步法》第三条、第四条的规定，制定本条例。",
        "第二条": "违反本条例第一条规定的，责令改正。",
        "第三条": "依照《处罚法》第五条、第六条执行。",
    }


def test_a_whole_law_on_one_line_is_cut_at_its_articles() -> None:
    source = "某区办法第一条 为了促进就业，制定本办法。第二条 依照第一条办理。第三条 给予补贴：（一）每人1000元；（二）最高10万元。"
    assert list(clauses(source)) == ["第一条", "第二条", "第三条"]
    running = "现通知如下： 一、支持对象。在本市注册的企业。二、支持标准。（一）首次升规的奖励30万元。（二）连续增长的奖励20万元。三、方式。网上申报。"
    assert [c.label for c in parse(running).clauses] == ["", "一、", "（一）", "（二）", "三、"]


def test_an_article_begins_after_an_unfinished_line_when_its_turn_has_come() -> None:
    source = (
        "关于办理非法制造、买卖、运输危险物质案件适用法律若干问题的规定\n\n　　第一条具有下列情形的，从重处罚：\n　　（一）甲；\n"
        "　　（二）税额＝价格×税率\n第二节　勘验、检查、辨认、侦查实验等笔录的审查与认定\n　　第二条以下时间不计入时限。\n"
        "　　第三条规定期限内未缴纳的，加收滞纳金。\n"
    )
    assert [c.label for c in parse(source).clauses] == ["第一条", "第二条", "第三条"]


def test_articles_run_together_in_one_paragraph_are_told_apart() -> None:
    source = "某规则\n第一条 制定本规则。 第二条 依照第一条执行。 第三条 其他。\n第四条 施行。\n"
    assert {k: v.text for k, v in clauses(source).items()} == {
        "第一条": "制定本规则。", "第二条": "依照第一条执行。", "第三条": "其他。", "第四条": "施行。",
    }  # fmt: skip


def test_a_short_line_below_an_article_goes_on_over_the_page() -> None:
    source = "某法\n　　第一条　甲乙。\n　　对于犯罪嫌\n\n- 3 -\n\n疑人采取措施，应当经批准。\n"
    assert texts(source) == ["甲乙。\n对于犯罪嫌疑人采取措施，应当经批准。"]


def test_a_chapter_of_a_law_that_lost_its_number_is_a_heading_and_no_other_short_line_is() -> None:
    source = "某条例\n第一条 甲乙丙。\n业务规则与风险控制\n第二条 其中：\n卷烟纸\n烟用丝束\n依照规定执行。\n"
    assert [(c.path, c.text) for c in parse(source).clauses] == [
        ((), "甲乙丙。"), (("业务规则与风险控制",), "其中：\n卷烟纸\n烟用丝束\n依照规定执行。"),
    ]  # fmt: skip


def test_a_standard_is_numbered_by_decimals_and_bare_numbers() -> None:
    source = "评价规范\n前言\n本标准由某市提出。\n1 范围\n本标准规定了要求。\n2 要求\n2.1 总体要求\n2.1.1 机构应独立。\n2.1.2 人员不少于10人，其中：\na) 高级职称3人；\nb) 硕士5人。\n"
    got = [(c.path, c.label, c.text) for c in parse(source).clauses]
    assert got == [
        (("前言",), "", "本标准由某市提出。"),
        (("1 范围",), "1", "本标准规定了要求。"),
        (("2 要求", "2.1 总体要求"), "2.1.1", "机构应独立。"),
        (("2 要求", "2.1 总体要求"), "2.1.2", "人员不少于10人，其中：\na) 高级职称3人；\nb) 硕士5人。"),
    ]


def test_families_may_nest_against_their_usual_order() -> None:
    source = "某计划\n1.建设平台\n（一）甲类平台建设完成，投入使用。\n（二）乙类平台建设完成，投入使用。\n2.引进人才\n（一）甲类人才引进到位，落户本市。\n"
    assert [(c.path, c.label) for c in parse(source).clauses] == [
        (("1.建设平台",), "（一）"), (("1.建设平台",), "（二）"), (("2.引进人才",), "（一）"),
    ]  # fmt: skip


def test_chapters_may_hold_clauses_numbered_one_two_three() -> None:
    source = "第一章总则\n一、根据宪法,制定本规则。\n二、县政府高举旗帜。\n第二章 职能\n三、县政府由县长组成。\n"
    assert [(c.path, c.label) for c in parse(source).clauses] == [
        (("第一章总则",), "一、"), (("第一章总则",), "二、"), (("第二章 职能",), "三、"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "title", "text"),
    [
        ("第一条【目的】制定本办法。", "目的", "制定本办法。"),
        ("第一条（适用范围）适用于本市。", "适用范围", "适用于本市。"),
        ("第一条 [资金来源] 由市财政承担。", "资金来源", "由市财政承担。"),
        ("第一条〔监督〕市审计局负责。", "监督", "市审计局负责。"),
        ("第一条（以下简称人才）本条正文。", "", "（以下简称人才）本条正文。"),
        ("**第一条（支持对象）** 适用于企业。", "支持对象", "适用于企业。"),
    ],
)
def test_an_article_bears_its_title_in_brackets(line: str, title: str, text: str) -> None:
    clause = parse(f"某市办法\n{line}\n").clauses[0]
    assert (clause.label, clause.title, clause.text) == ("第一条", title, text)


def test_run_in_titles_are_titles_when_their_siblings_have_them() -> None:
    titled = parse("某措施\n1.做强企业。支持企业发展，给予奖励。\n2.支持“小升规”。对首次升规的，给予奖励。\n").clauses
    assert [(c.title, c.text) for c in titled] == [
        ("做强企业", "支持企业发展，给予奖励。"),
        ("支持“小升规”", "对首次升规的，给予奖励。"),
    ]


def test_gaps_repeats_and_empty_numbers_are_listed() -> None:
    gaps = parse("某办法\n第七条 甲。\n第九条 乙。\n第九条 丙。\n第八条 丁。\n第十条\n").receipt.gaps
    assert gaps == (
        "编号从 第七条 开始", "编号不连续：第七条 → 第九条", "编号重复：第九条 → 第九条", "编号不连续：第九条 → 第八条",
        "编号不连续：第八条 → 第十条", "只有编号，没有正文：第十条",
    )  # fmt: skip


# -- departments ------------------------------------------------------------------------------------------


def test_departments_are_taken_per_paragraph_and_out_of_the_text() -> None:
    source = "某意见\n（一）开放资源\n加大开放力度。（责任单位：市科委）\n加强校企合作。（市教委牵头，各区（含新区，下同）配合）\n"
    first, second = parse(source).clauses
    assert (first.text, [(d.name, d.role) for d in first.departments]) == ("加大开放力度。", [("市科委", "lead")])
    assert [(d.name, d.role) for d in second.departments] == [("市教委", "lead"), ("各区（含新区，下同）", "support")]
    assert second.department_text == "（市教委牵头，各区（含新区，下同）配合）"


def test_departments_on_lines_of_their_own_belong_to_the_clause_above() -> None:
    source = "工作要点\n1.完善政策\n制定政策。\n责任单位：市科委\n配合单位：市财政局\n2.建设平台\n建设平台。\n［市经信委牵头］\n"
    first, second = parse(source).clauses
    assert [(d.name, d.role) for d in first.departments] == [("市科委", "lead"), ("市财政局", "support")]
    assert [(d.name, d.role) for d in second.departments] == [("市经信委", "lead")]


# -- what stands around the text ------------------------------------------------------------------------


def test_a_notice_and_the_measures_attached_to_it_keep_their_own_numbers() -> None:
    source = (
        "某市科技局关于印发《某市创新券管理办法》的通知\n某科规〔2024〕3号\n各区科技局，各有关单位：\n现印发给你们，请遵照执行。\n一、各区要高度重视。\n二、各单位要加强宣传。\n\n"
        "附件：1.某市创新券管理办法\n      2.申请表\n\n某市科技局\n2024年3月5日\n\n附件1\n\n某市创新券管理办法\n第一章 总则\n第一条 为规范管理，制定本办法。\n第二条 企业应当具备条件：\n"
        "（一）在本市注册；\n（二）属于科技型企业。\n第三条 本办法自2024年4月1日起施行。\n\n附件2\n\n申请表\n| 单位名称 | |\n| --- | --- |\n| 申请金额 | 用途 |\n"
    )
    parsed = parse(source)
    notice = "某市科技局关于印发《某市创新券管理办法》的通知"
    assert [(c.path, c.label) for c in parsed.clauses] == [
        ((notice,), ""), ((notice,), "一、"), ((notice,), "二、"), (("第一章 总则",), "第一条"), (("第一章 总则",), "第二条"),
        (("第一章 总则",), "第三条"), (("申请表",), ""),
    ]  # fmt: skip
    assert parsed.document.title == "某市创新券管理办法"
    assert (parsed.document.number, parsed.document.issuer, parsed.document.effective) == (
        "某科规〔2024〕3号",
        "某市科技局",
        "2024-04-01",
    )


def test_an_order_brings_the_measures_it_promulgates() -> None:
    source = "某市人民政府令\n第68号\n《某市数据办法》已经市政府常务会议通过，现予公布，自2024年5月1日起施行。\n市长  某某\n2024年3月10日\n某市数据办法\n第一条 制定本办法。\n"
    parsed = parse(source)
    assert (parsed.document.title, parsed.document.number) == ("某市数据办法", "第68号")
    assert [c.label for c in parsed.clauses] == ["", "第一条"]


def test_letters_keep_preamble_sections_and_closing() -> None:
    source = "对第0123号提案的答复\n王某某委员：\n您的提案收悉，现答复如下：\n一、建设情况\n已建成15家。\n二、下一步工作\n（一）加大支持力度。给予最高500万元支持。\n（二）完善机制。建立绩效评价制度。\n感谢您的关心和支持！\n某市科委\n2025年5月20日\n"
    parsed = parse(source)
    assert [(c.label, c.text) for c in parsed.clauses] == [
        ("", "您的提案收悉，现答复如下："), ("一、", "已建成15家。"), ("（一）", "给予最高500万元支持。"), ("（二）", "建立绩效评价制度。"), ("", "感谢您的关心和支持！"),
    ]  # fmt: skip
    assert parsed.document.status == Status.REPLY


def test_closing_and_effective_date_paragraphs_are_clauses() -> None:
    source = "某措施\n1.支持创新。给予支持，最高100万元。\n2.支持人才。给予支持，最高50万元。\n本措施自2024年1月1日起施行，有效期至2026年12月31日。\n"
    parsed = parse(source)
    assert [c.label for c in parsed.clauses] == ["1.", "2.", ""]
    assert (parsed.document.effective, parsed.document.expires) == ("2024-01-01", "2026-12-31")


def test_questions_and_answers_are_one_clause_each() -> None:
    source = "政策问答\n问：首次升规可以获得多少奖励？\n答：不超过30万元。\nQ2：向谁咨询？\nA：市科委。\n"
    assert texts(source) == ["问：首次升规可以获得多少奖励？\n答：不超过30万元。", "Q2：向谁咨询？\nA：市科委。"]


def test_an_amendment_keeps_the_articles_it_quotes_inside_its_own_clause() -> None:
    source = "关于修改《某办法》的决定\n一、将第二条修改为：\n“第二条 实行登记制度。\n第三条 登记应当公开。”\n二、删去第九条。\n"
    assert {k: v.text for k, v in clauses(source).items()} == {
        "一、": "将第二条修改为：\n“第二条 实行登记制度。\n第三条 登记应当公开。”", "二、": "删去第九条。",
    }  # fmt: skip


# -- nothing is lost ---------------------------------------------------------------------------------------


def test_one_character_and_digits_only_lines_are_kept() -> None:
    lines = ["一", "二", "甲", "5", "12", "3.5", "100%", "是", "√", "A"]
    assert texts("统计表\n" + "\n".join(lines) + "\n") == ["\n".join(lines)]


def test_names_one_a_line_are_text_and_neither_titles_nor_signatures() -> None:
    names = [
        "上海甲信息科技有限公司",
        "上海乙生物医药股份有限公司",
        "ABC（上海）研发中心有限公司",
        "张三",
        "某市财政局",
    ]
    assert texts("2024年度拟认定企业名单\n\n" + "\n".join(names) + "\n") == ["\n".join(names)]


def test_telephone_numbers_in_the_text_are_text() -> None:
    source = "某通知\n一、方式\n网上申报。\n二、联系方式\n联系人：王老师\n联系电话：021-12345678\n"
    assert clauses(source)["二、"].text == "联系人：王老师\n联系电话：021-12345678"


def test_a_heading_with_nothing_below_it_is_a_clause_itself() -> None:
    source = "某计划\n一、总体要求\n二、重点任务\n（一）加快建设\n（二）推动发展\n三、办理流程\n申请—受理—办结\n四、收费\n不收费\n"
    got = [(c.path, c.label, c.text) for c in parse(source).clauses]
    assert got == [
        ((), "一、", "总体要求"),
        (("二、重点任务",), "（一）", "加快建设"),
        (("二、重点任务",), "（二）", "推动发展"),
        (("三、办理流程",), "三、", "申请—受理—办结"),
        (("四、收费",), "四、", "不收费"),
    ]


def test_a_line_that_lists_subjects_with_a_colon_is_not_taken_for_an_addressee() -> None:
    source = (
        "某法\n第一条 法人依法成立。\n法人应当有自己的名称、组织机构、住所或者企业经费：\n（一）名称；\n（二）住所。\n"
    )
    assert "组织机构" in clauses(source)["第一条"].text


WINDOWS = [
    ["序号", "区名", "地址", "电话"],
    ["1", "黄浦区", "延安东路300号", "63212345"],
    ["2", "徐汇区", "漕溪北路336号", "64872222"],
]


@pytest.mark.parametrize("separator", ["\t", "    "])
def test_tables_are_text_row_by_row(separator: str) -> None:
    lines = [separator.join(row) for row in WINDOWS]
    (clause,) = parse("受理窗口一览表\n\n" + "\n".join(lines) + "\n").clauses
    assert clause.text.split("\n") == lines


def test_rows_under_a_known_head_are_clauses_that_bear_it() -> None:
    lines = ["| " + " | ".join(row) + " |" for row in WINDOWS]
    lines.insert(1, "| --- | --- | --- | --- |")
    parsed = parse("某办法\n第三条 受理窗口如下：\n\n" + "\n".join(lines) + "\n\n窗口变动的，另行公布。\n")
    found = [(c.label, c.title, c.text) for c in parsed.clauses]
    head = " | ".join(WINDOWS[0])
    assert found == [
        ("第三条", "", "受理窗口如下：\n窗口变动的，另行公布。"),
        *(("第三条", head, " | ".join(row)) for row in WINDOWS[1:]),
    ]
    assert parsed.receipt.unclassified == 0 and not parsed.receipt.doubts


@pytest.mark.parametrize("source", ["", "\n\n", "　", "---\n", "\ufeff", "- 1 -\n"])
def test_a_document_without_words_has_no_clauses_and_balances(source: str) -> None:
    assert parse(source).clauses == ()


def test_a_document_that_is_only_a_title_is_still_found() -> None:
    assert texts("关于某事的通知") == ["关于某事的通知"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_every_kind_of_line_end_ends_a_line(newline: str) -> None:
    source = newline.join(["某办法", "第一条 甲。", "第二条 乙。", ""])
    assert [(c.label, c.text) for c in parse(source).clauses] == [("第一条", "甲。"), ("第二条", "乙。")]


def test_figures_are_kept_however_they_are_spaced() -> None:
    source = "某措施\n第一条 给予不超过 30 万元、２０万元和50 万 元的奖励。\n"
    assert texts(source) == ["给予不超过 30 万元、２０万元和50 万 元的奖励。"]


def test_source_offsets_point_at_the_clause() -> None:
    source = "某办法\n第一条 甲乙。\n第二条 丙丁。\n"
    clause = parse(source).clauses[1]
    assert source[clause.source.start : clause.source.end] == "丙丁。"


def test_a_law_of_twenty_thousand_lines_is_parsed_whole() -> None:
    source = "某法\n" + "".join(
        f"第{n}条　有下列情形的，依照第{n - 1}条处理：\n（一）甲；\n（二）乙。\n" for n in range(1, 6700)
    )
    parsed = parse(source)
    assert len(parsed.clauses) == 6699
    assert parsed.receipt.gaps == ()


# -- ids ------------------------------------------------------------------------------------------------


def test_ids_are_stable_and_depend_on_the_clause_alone() -> None:
    source = "某办法\n第一条 甲。\n第二条 乙。\n第二条 乙。\n第三条 丙。\n"
    ids = [c.clause_id for c in parse(source).clauses]
    assert ids == [c.clause_id for c in parse(source).clauses]
    assert len(set(ids)) == 4
    assert all(re.fullmatch(r"document:[0-9a-f]{12}", i) for i in ids)
    edited = [c.clause_id for c in parse(source.replace("丙", "丁")).clauses]
    assert edited[:3] == ids[:3]
    assert edited[3] != ids[3]
    inserted = [c.clause_id for c in parse(source.replace("第三条", "第二条之一 新。\n第三条")).clauses]
    assert [i for i in inserted if i in ids] == ids


def test_the_published_record_has_the_agreed_fields() -> None:
    record = parse("某办法\n第一条 甲。（责任单位：市科委）\n").clauses[0].to_json()
    assert list(record) == [
        "clause_id", "document_id", "document_title", "document_number", "issuer", "region", "status", "path", "label", "title",
        "text", "departments", "source", "footnotes",
    ]  # fmt: skip
    assert record["departments"] == [{"name": "市科委", "role": "lead"}]
    assert record["source"] == {"file": "document.txt", "start": 8, "end": 10, "page": None, "ocr": None}
