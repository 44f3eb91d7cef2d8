"""Files of every kind give the clauses of the text they were made from, with the page each stands on."""

from __future__ import annotations

import html
import os
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls

from index.clause import Source
from index.files.kinds import read_bytes
from index.files.old_word import soffice
from index.files.pdf import mainland
from index.files.sheet import Reading
from index.parse import Parsed, parse_reading
from index.reading import read_source
from tests import sample_files as samples

TABLE = (
    ("类别", "奖励标准", "申请时间"),
    ("首次升规", "不超过30万元", "2025年3月31日前"),
    ("企业总部", "不超过500万元", "全年"),
)
CHROMIUM = "/usr/bin/chromium"
SENTENCES = [
    f"第{n}条　对符合第{n}类条件的科技服务业企业，按照规定给予支持，具体办法由市科委会同有关部门另行制定。"
    for n in "一二三四五六七八九十"
]
COLUMNS = (
    '<p class="title">某市科技服务业促进办法</p><div style="columns:2;column-gap:3em;font-size:10.5pt;line-height:16pt">'
    + "".join(f'<p class="text">{s}</p>' for s in SENTENCES * 1) + "</div>"
)  # fmt: skip
NOTES = (
    '<p class="title">某市科技服务业促进办法</p><p class="text">第一条　支持研发产业<sup>1</sup>和概念验证<sup>2</sup>，按照规定给予支持。</p>'
    '<div style="position:absolute;top:500pt"><hr style="width:120pt;margin:0;border:0;border-top:1px solid">'
    '<p class="note"><sup>1</sup> 研发产业是指以市场需求为导向、从事研发活动并提供研发服务的活动集合。</p>'
    '<p class="note"><sup>2</sup> 概念验证是指对早期成果开展的技术与市场可行性验证，包括样机试制、用户测试和商业评估等活动，不包括批量生产。</p></div>'
    '<p class="text" style="break-before:page">第二条　本办法自2025年6月1日起施行。</p>'
)
LONG_TABLE = (
    '<p class="title">某市收费标准</p><p class="text">第一条　收费标准如下：</p><table><thead><tr><td>项目</td><td>标准</td></tr></thead><tbody>'
    + "".join(f"<tr><td>检测项目之{n}</td><td>每次{n}00元</td></tr>" for n in range(1, 61)) + "</tbody></table>"
)  # fmt: skip


@pytest.fixture(scope="module")
def documents() -> dict[str, samples.Manuscript]:
    return {m.name: m for m in samples.manuscripts()}


@pytest.fixture(scope="module")
def printed(documents: dict[str, samples.Manuscript], tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not Path(CHROMIUM).is_file():
        message = "no chromium: install it (Debian: apt-get install chromium) to print the PDF files"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    folder = tmp_path_factory.mktemp("printed")
    samples.make_pdf([(m, folder / f"{m.name}.pdf") for m in documents.values()])
    samples.make_pdf([(documents["sh-reply-2025-36"], folder / "table.pdf")], table=TABLE)
    samples.print_pages(
        [(COLUMNS, folder / "columns.pdf"), (NOTES, folder / "notes.pdf"), (LONG_TABLE, folder / "long.pdf")]
    )
    return folder


def parsed(path: Path) -> tuple[Reading, Parsed]:
    reading = read_source(path)
    return reading, parse_reading(reading, path.name)


NAMES = ("sh-measures-draft", "sh-opinions-2025-11", "sh-reply-2025-36", "sh-rnd-2023-409", "sz-plan-draft")


@pytest.mark.parametrize("name", NAMES)
def test_a_word_file_gives_the_same_clauses(
    name: str, documents: dict[str, samples.Manuscript], tmp_path: Path
) -> None:
    reading, made = parsed(samples.make_docx(documents[name], tmp_path / f"{name}.docx", table=TABLE))
    wanted = samples.words_of(documents[name].parsed.clauses)
    assert samples.words_of(made.clauses)[: len(wanted)] == wanted
    assert [r.kind for r in reading.removed if r.text == "内部资料 注意保存"] == ["header"]
    assert "内部资料" not in reading.text
    assert made.receipt.unclassified == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_government_page_gives_the_same_clauses(
    name: str, documents: dict[str, samples.Manuscript], tmp_path: Path
) -> None:
    encoding = "gb18030" if name.startswith("sz") else "utf-8"
    reading, made = parsed(samples.make_html(documents[name], tmp_path / f"{name}.html", encoding))
    assert samples.words_of(made.clauses) == samples.words_of(documents[name].parsed.clauses)
    aside = " ".join(r.text for r in reading.removed)
    for said in ("无障碍", "您现在的位置", "第3号工作方案", "分享到", "上一篇", "ICP备"):
        assert said in aside and said not in reading.text
    assert "_hmt" not in reading.text and "统计，统计" not in reading.text


@pytest.mark.parametrize("name", NAMES)
def test_a_printed_file_gives_the_same_clauses_with_their_pages(
    name: str, documents: dict[str, samples.Manuscript], printed: Path
) -> None:
    reading, made = parsed(printed / f"{name}.pdf")
    assert samples.words_of(made.clauses) == samples.words_of(documents[name].parsed.clauses)
    pages = [c.source.page or 0 for c in made.clauses]
    assert pages == sorted(pages) and pages[0] == 1 and pages[-1] > 2
    assert all(c.to_json()["source"]["page"] == c.source.page for c in made.clauses)
    numbers = [r.page for r in reading.removed if r.kind == "page_number"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "公报 2025年第6期" not in reading.text
    assert made.document.number == documents[name].parsed.document.number


def test_a_page_is_where_the_words_are_printed(printed: Path) -> None:
    import pdfplumber

    _, made = parsed(printed / "sh-reply-2025-36.pdf")
    with pdfplumber.open(printed / "sh-reply-2025-36.pdf") as pdf:
        words = ["".join(map(mainland, samples.squeeze(page.extract_text()))) for page in pdf.pages]
    for clause in made.clauses:
        assert clause.source.page
        assert samples.squeeze(clause.text)[:12] in words[clause.source.page - 1]


@pytest.mark.parametrize(
    ("url", "page", "opened"),
    [
        ("https://a.gov.cn/b.pdf", 3, "https://a.gov.cn/b.pdf#page=3"), ("https://a.gov.cn/b.PDF", 1, "https://a.gov.cn/b.PDF#page=1"),
        ("https://a.gov.cn/b.html", 3, "https://a.gov.cn/b.html"), ("https://a.gov.cn/b.pdf", None, "https://a.gov.cn/b.pdf"),
        ("https://a.gov.cn/b.pdf#page=9", 3, "https://a.gov.cn/b.pdf#page=9"), ("", 3, ""),
    ],
)  # fmt: skip
def test_a_citation_opens_the_page(url: str, page: int | None, opened: str) -> None:
    assert Source("b.pdf", 0, 1, page).opens(url) == opened


@pytest.mark.parametrize("encoding", samples.ENCODINGS)
def test_a_text_in_any_chinese_encoding_gives_the_same_clauses(encoding: str, tmp_path: Path) -> None:
    source = samples.CORPUS / "sh-rnd-2023-409.txt"
    path = tmp_path / source.name
    path.write_bytes(source.read_text(encoding="utf-8").encode(samples.ENCODINGS[encoding]))
    assert [c.to_json() for c in parsed(path)[1].clauses] == [c.to_json() for c in parsed(source)[1].clauses]


def test_tables_are_rows_whatever_the_kind(
    documents: dict[str, samples.Manuscript], printed: Path, tmp_path: Path
) -> None:
    source = documents["sh-reply-2025-36"]
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in TABLE)
    page = samples.make_html(source, tmp_path / "a.html")
    page.write_text(page.read_text(encoding="utf-8").replace("</div><div class=\"share\">", f"<table>{rows}</table></div><div class=\"share\">"), encoding="utf-8")  # fmt: skip
    for path in (samples.make_docx(source, tmp_path / "a.docx", table=TABLE), page, printed / "table.pdf"):
        found = [(c.title, c.text) for c in parsed(path)[1].clauses if "不超过" in c.text and "|" in c.text]
        assert found == [(" | ".join(TABLE[0]), " | ".join(row)) for row in TABLE[1:]], path


def test_a_page_that_a_browser_saved_as_one_file_is_read() -> None:
    message = EmailMessage()
    message["Snapshot-Content-Location"] = "https://a.gov.cn/b.html"
    message["Subject"] = "某市办法"
    message.set_content(
        "<html><body><h1>某市办法</h1><p>第一条 支持科技服务业企业，按规定执行。</p></body></html>", "html"
    )
    made = parse_reading(read_bytes(message.as_bytes(), "b.mhtml"), "b.mhtml")
    assert [(c.label, c.text) for c in made.clauses] == [("第一条", "支持科技服务业企业，按规定执行。")]


def test_columns_are_read_one_after_the_other(printed: Path) -> None:
    _, made = parsed(printed / "columns.pdf")
    assert [samples.squeeze(c.label + c.text) for c in made.clauses] == [samples.squeeze(s) for s in SENTENCES]


def test_footnotes_at_the_foot_of_a_page_go_with_their_clause(printed: Path) -> None:
    _, made = parsed(printed / "notes.pdf")
    first, second = made.clauses
    assert [(n.mark, n.text[:5]) for n in first.footnotes] == [("1", "研发产业是"), ("2", "概念验证是")]
    assert first.footnotes[1].text.endswith("不包括批量生产。")
    assert samples.squeeze(first.text) == "支持研发产业和概念验证，按照规定给予支持。"
    assert (second.label, second.source.page, second.footnotes) == ("第二条", 2, ())


def test_a_table_goes_on_over_pages_under_one_head(printed: Path) -> None:
    _, made = parsed(printed / "long.pdf")
    rows = [c for c in made.clauses if c.title == "项目 | 标准"]
    assert [c.text for c in rows] == [f"检测项目之{n} | 每次{n}00元" for n in range(1, 61)]
    assert {c.label for c in rows} == {"第一条"} and len({c.source.page for c in rows}) > 1


def test_cells_that_span_rows_speak_for_each_of_them() -> None:
    page = "<table><tr><th>类</th><th>额</th></tr><tr><td rowspan=2>总部</td><td>10万元</td></tr><tr><td>20万元</td></tr></table>"
    text = read_bytes(f"<html><body><p>第一条 标准如下：</p>{page}</body></html>".encode(), "a.html").text
    assert "| 总部 | 10万元 |\n| 总部 | 20万元 |" in text


# -- Word ----------------------------------------------------------------------------------------------


def made_docx(path: Path, *paragraphs: str) -> tuple[docx.document.Document, Path]:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(path))
    return document, path


def test_automatic_numbers_are_read_as_word_prints_them(tmp_path: Path) -> None:
    document, path = made_docx(tmp_path / "a.docx", "某市办法")
    levels = "".join(
        f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for i, (form, text) in enumerate(
            [("chineseCountingThousand", "第%1条"), ("chineseCounting", "（%2）"), ("decimal", "%3.")]
        )
    )
    numbering = document.part.numbering_part.element
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for level, text in (
        (0, "　目的。"),
        (0, "　条件："),
        (1, "在本市注册；"),
        (1, "依法纳税。"),
        (2, "按月。"),
        (0, "　附则。"),
    ):
        properties = document.add_paragraph(text)._p.get_or_add_pPr()
        properties.append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>')
        )
    document.save(str(path))
    text = read_source(path).text
    assert [line for line in text.splitlines() if line] == [
        "某市办法", "第一条　目的。", "第二条　条件：", "（一）在本市注册；", "（二）依法纳税。", "1. 按月。", "第三条　附则。",
    ]  # fmt: skip
    assert [c.label for c in parse_reading(read_source(path), "a.docx").clauses] == ["第一条", "第二条", "第三条"]


def test_text_boxes_insertions_and_hidden_text(tmp_path: Path) -> None:
    document, path = made_docx(tmp_path / "a.docx", "某市办法", "第一条 支持企业。")
    paragraph = document.add_paragraph()._p
    run = "<w:r><w:t>{}</w:t></w:r>"
    box = (
        f'<w:r {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:v="urn:schemas-microsoft-com:vml"><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><w:txbxContent>'
        f"<w:p>{run.format('框内文字。')}</w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>"
        f"<w:txbxContent><w:p>{run.format('框内文字。')}</w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    paragraph.append(parse_xml(box))
    for tag, text in (("ins", "新增的话。"), ("del", "删去的话。")):
        change = parse_xml(f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a">{run.format(text)}</w:{tag}>')
        paragraph.append(change)
    hidden = document.paragraphs[-1].add_run("看不见。")
    hidden.font.hidden = True
    document.save(str(path))
    reading = read_source(path)
    assert reading.text.count("框内文字。") == 1
    assert "新增的话。" in reading.text and "删去的话" not in reading.text and "看不见" not in reading.text
    assert [r.text for r in reading.removed if r.kind == "hidden"] == ["看不见。"]


def test_a_word_file_has_the_pages_that_word_noted(tmp_path: Path) -> None:
    document, path = made_docx(tmp_path / "a.docx", "某市办法", "第一条 支持企业。")
    assert parsed(path)[1].clauses[0].source.page is None
    last = document.add_paragraph().add_run()
    last._r.append(OxmlElement("w:lastRenderedPageBreak"))
    text = OxmlElement("w:t")
    text.text = "第二条 其他事项。"
    last._r.append(text)
    document.save(str(path))
    assert [c.source.page for c in parsed(path)[1].clauses] == [1, 2]


def test_external_entities_of_a_word_file_are_not_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("机密内容", encoding="utf-8")
    _, path = made_docx(tmp_path / "a.docx", "第一条 支持ENTITY企业。")
    entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "ha">]>'
    samples.rewrite_member(
        path,
        "word/document.xml",
        lambda xml: xml.replace(b"?>", b"?>" + entity.encode(), 1).replace(b"ENTITY\xe4", b"&x;\xe4", 1),
    )
    try:
        assert "机密内容" not in read_source(path).text
    except samples.DocumentError as error:
        assert "机密内容" not in str(error)


def test_an_old_word_file_is_converted_or_plainly_refused(
    documents: dict[str, samples.Manuscript], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512 + "WordDocument".encode("utf-16-le") + b"\x00" * 512
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(samples.DocumentError, match="转换它需要 LibreOffice；请安装后再试，或用 Word 另存为 docx"):
        read_bytes(fake, "a.doc")
    monkeypatch.undo()
    if not soffice():
        pytest.skip(
            "LibreOffice is missing: conversion of .doc is not tested (Debian: apt-get install libreoffice-writer)"
        )
    source = documents["sh-reply-2025-36"]
    made = samples.make_doc(samples.make_docx(source, tmp_path / "a.docx"))
    reading, result = parsed(made)
    assert reading.kind == "doc"
    assert samples.words_of(result.clauses) == samples.words_of(source.parsed.clauses)


def test_a_letterhead_with_number_and_signer_is_read(tmp_path: Path) -> None:
    document, path = made_docx(
        tmp_path / "a.docx", "某市人民政府办公厅文件", "某府办〔2025〕7号 签发人：张三", "关于支持科技服务业的若干意见",
        "各区人民政府，各有关单位：", "第一条 支持企业发展。", "第二条 本意见自2025年6月1日起施行，有效期至2027年5月31日。",
        "某市人民政府办公厅", "2025年5月17日",
    )  # fmt: skip
    made = parsed(path)[1]
    facts = made.document
    assert (facts.title, facts.number, facts.issuer) == (
        "关于支持科技服务业的若干意见",
        "某府办〔2025〕7号",
        "某市人民政府办公厅",
    )
    assert (facts.signed, facts.effective, facts.expires) == ("2025-05-17", "2025-06-01", "2027-05-31")
    assert [c.label for c in made.clauses] == ["第一条", "第二条"]
