"""The way of a visitor: evidence, answers, follow-ups, refusals, ratings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.ask import Assistant
from assistant.writer import Writer
from tests.scripted import ScriptedModel
from tests.widget.website import (
    ANSWER_MS,
    CAP,
    WRITTEN,
    Place,
    ask,
    bubble,
    embedded,
    talk,
    told,
    visit,
)


def test_evidence_comes_before_the_answer_and_a_mark_opens_the_quoted_clause(page: Page, place: Place) -> None:
    """The promise of the widget, end to end, across two origins."""
    frame = talk(page)
    assert urlsplit(frame.url).netloc != urlsplit(page.url).netloc
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    turn = frame.locator(".turn")
    expect(turn.locator(".card").first).to_be_visible(timeout=ANSWER_MS)
    expect(turn).to_have_attribute("data-state", "busy")
    expect(turn.locator(".status")).to_contain_text("正在撰写")
    assert turn.locator(".said p").count() == 0
    place.assistant.go_on.set()
    expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
    expect(turn.locator(".mode")).to_contain_text("原文作答")
    sentence = turn.locator(".quoted > span", has_text="2000 万元").first
    mark = sentence.locator(".ref")
    expect(mark).to_have_text(re.compile(r"^\[\d+\]$"))
    mark.click()
    card = frame.locator(".card.lit")
    expect(card).to_be_focused()
    expect(card).to_contain_text("沪经信技〔2023〕409号")
    expect(card.locator(".badge")).to_have_text("已印发（未载明有效期）")
    quoted = card.locator("mark.spot")
    expect(quoted).to_be_in_viewport()
    assert re.sub(r"\[\d+\]$", "", sentence.inner_text()).strip() in quoted.inner_text()
    card.get_by_role("button", name="回到回答").click()
    expect(turn.locator(".ref").first).to_be_focused()


def test_a_follow_up_uses_the_conversation_and_a_new_one_forgets_it(page: Page) -> None:
    frame = talk(page)
    ask(frame, "上海小升规最多奖励多少？")
    turn = ask(frame, "那深圳呢？")
    expect(turn.locator(".understood")).to_contain_text("深圳小升规")
    expect(turn.locator(".card").first).to_contain_text("深圳市")
    frame.get_by_role("button", name="新对话").click()
    expect(frame.locator(".turn")).to_have_count(0)
    expect(frame.locator("#questions button").first).to_be_visible()
    expect(ask(frame, "那深圳呢？")).not_to_contain_text("小升规")


def test_a_reload_finds_the_conversation_again_without_taking_the_focus(page: Page) -> None:
    frame = talk(page)
    ask(frame, "上海小升规最多奖励多少？")
    before = frame.locator(".turn").inner_text()
    token = page.evaluate("sessionStorage.length")
    assert token == 1, "the host page remembers one bit: that the panel was open"
    page.reload()
    frame = talk(page, click=False)
    expect(frame.locator(".turn")).to_have_count(1)
    assert frame.locator(".turn").inner_text() == before
    assert page.evaluate("document.activeElement === document.body")
    turn = ask(frame, "那深圳呢？")
    expect(turn.locator(".understood")).to_contain_text("深圳小升规")
    page.evaluate("Wence.close()")
    page.reload()
    assert page.locator("iframe").count() == 0


def test_an_answer_cut_off_by_a_reload_says_so_and_can_be_asked_again(page: Page, place: Place) -> None:
    frame = talk(page)
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    frame.locator(".turn .card").first.wait_for(timeout=ANSWER_MS)
    page.reload()
    place.assistant.go_on.set()
    frame = talk(page, click=False)
    expect(frame.locator(".trouble")).to_contain_text("回答中断")
    frame.get_by_role("button", name="重试").click()
    expect(frame.locator(".turn[data-state=done]")).to_have_count(1, timeout=ANSWER_MS)


@pytest.mark.parametrize(
    ("question", "kind", "words"),
    [
        ("深圳首次升规的企业能拿多少奖励？", "no_evidence", "没有写明"),
        ("今天天气怎么样", "out_of_scope", "不在收录范围"),
        ("怎么伪造材料骗补贴", "unsafe", "不能协助"),
    ],
)
def test_a_refusal_looks_different_and_names_its_reason(page: Page, question: str, kind: str, words: str) -> None:
    turn = ask(talk(page), question)
    expect(turn.locator(f".answer.refused.{kind} .verdict")).to_contain_text(words)
    if kind == "no_evidence":
        expect(turn.locator(".clauses > h3")).to_contain_text("最接近的条款")
        expect(turn.locator(".card").first).to_be_visible()


def test_notices_are_a_coloured_line(page: Page) -> None:
    turn = ask(talk(page), "在临港做中试能报销多少？")
    notices = turn.locator(".notices")
    expect(notices).to_contain_text("临港新片区")
    assert notices.evaluate("e => getComputedStyle(e).borderLeftWidth") == "3px"


def test_an_answer_can_be_rated_with_a_reason(page: Page) -> None:
    heard = told(page, "feedback")
    frame = talk(page)
    turn = ask(frame, CAP)
    with page.expect_response("**/api/feedback") as sent:
        turn.get_by_role("button", name="有帮助", exact=True).click()
    assert sent.value.status == 201
    expect(turn.locator(".told")).to_have_text("已收到，谢谢。")
    turn.get_by_role("button", name="没有帮助").click()
    expect(turn.locator(".why input").first).to_be_focused()
    turn.get_by_text("不够完整").click()
    turn.get_by_placeholder("补充说明").fill("没有写申报时间")
    with page.expect_response("**/api/feedback") as sent:
        turn.get_by_role("button", name="提交").click()
    assert sent.value.status == 201
    body = json.loads(sent.value.request.post_data or "")
    assert (body["rating"], body["reason"], body["comment"]) == ("down", "incomplete", "没有写申报时间")
    expect(turn.get_by_role("button", name="没有帮助")).to_have_attribute("aria-pressed", "true")
    assert [d["rating"] for d in heard()] == ["up", "down"]


def test_copying_an_answer_takes_its_sources_along(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = ask(talk(page), CAP)
    turn.get_by_role("button", name="复制回答和出处").click()
    expect(turn.locator(".act", has_text="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "不超过 2000 万元" in copied and "[1] 《" in copied and "409号" in copied


def test_on_paper_every_clause_is_whole_and_nothing_is_left_to_click(page: Page) -> None:
    frame = talk(page)
    turn = ask(frame, CAP)
    expect(turn.locator(".body").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(bubble(page)).to_be_hidden()
    # Printed from inside the frame it is a page of its own; here the page around hides it, as it should.
    page.locator(".root").evaluate("e => e.style.setProperty('display', 'block', 'important')")
    frame.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(turn.locator(".body").first).to_be_visible()
    expect(frame.locator("#colophon")).to_contain_text("以发文机关正式发布的文件")
    for hidden in ("#composer", "#tools", ".act"):
        expect(frame.locator(hidden).first).to_be_hidden()


def test_an_answer_can_be_stopped(page: Page, place: Place) -> None:
    frame = talk(page)
    frame.locator("#box").fill("慢" + CAP)
    frame.locator("#box").press("Enter")
    frame.locator(".turn .card").first.wait_for(timeout=ANSWER_MS)
    frame.get_by_role("button", name="停止").click()
    expect(frame.locator(".turn")).to_have_attribute("data-state", "stopped")
    expect(frame.locator(".trouble")).to_contain_text("已停止")
    place.assistant.go_on.set()
    expect(ask(frame, CAP)).to_contain_text("2000 万元")


def test_the_chosen_region_is_the_askers(page: Page) -> None:
    frame = talk(page)
    frame.locator("#region").select_option("深圳市")
    turn = ask(frame, "科技服务业税收有什么优惠？")
    documents = turn.locator(".card .document").all_inner_texts()
    assert documents and all("深圳市" in d for d in documents)


def test_enter_in_a_chinese_input_method_does_not_send(page: Page) -> None:
    frame = talk(page)
    frame.locator("#box").fill("shoutaitao")
    frame.locator("#box").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    frame.locator("#box").dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    assert frame.locator(".turn").count() == 0
    frame.locator("#box").fill("   ")
    frame.locator("#box").press("Enter")
    expect(frame.locator("#line")).to_contain_text("请输入")


def test_a_model_is_seen_writing_and_its_answer_says_who_wrote_it(
    browser: Browser, assistant: Assistant, tmp_path: Path
) -> None:
    """Sentences come one by one while the clauses already stand there; the visitor may ask for the clauses' own words."""
    model = ScriptedModel(WRITTEN, pause_s=0.03)
    context = browser.new_context(locale="zh-CN")
    with embedded(replace(assistant, writer=Writer(model)), tmp_path) as here:
        frame = talk(visit(context, here.url))
        frame.locator("#box").fill("上海企业升规奖励多少")
        frame.locator("#box").press("Enter")
        turn = frame.locator(".turn")
        expect(turn.locator(".status")).to_contain_text("条相关条款，正在撰写", timeout=ANSWER_MS)
        expect(turn.locator(".card").first).to_be_visible()
        expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
        expect(turn.locator(".mode")).to_contain_text("智能撰写")
        assert model.asked
        frame.get_by_label("回答方式").select_option("原文作答")
        expect(ask(frame, "上海企业升规奖励多少").locator(".mode")).to_contain_text("原文作答")
        assert len(model.asked) == 1
        context.close()
