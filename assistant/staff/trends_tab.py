"""The tab “趋势”: questions, refusals, ratings and time over days, by site and city, as pictures and as CSV."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from assistant.page import gone, renewed, unchecked
from assistant.review.trends import Wanted, sites_of, trends
from assistant.staff import review_marks as marks
from assistant.staff.pins_tab import QUIET, region_list
from assistant.staff.review_desk import ReviewDesk
from index.errors import WenceError

RANGES = (("近 7 天", 7), ("近 30 天", 30), ("近 90 天", 90))
EVERY, NO_SITE = "*", ""
ALL = "全部城市"


def trends_tab(desk: ReviewDesk) -> None:
    """Build the tab inside the page."""
    with gr.Tab("趋势", id="trends", elem_id="s-trends-tab") as tab:
        with gr.Row(elem_classes="r-filters"):
            days = gr.Radio(list(RANGES), value=30, label="时间", elem_id="r-days")
            site = unchecked(gr.Dropdown([("全部站点", EVERY)], value=EVERY, label="站点", elem_id="r-site"))
            city = region_list(desk, ALL, label="城市", elem_id="r-city")
        page = gr.HTML("", elem_id="r-trends", apply_default_css=False, js_on_load=None)

    def sites() -> Any:
        known = [("全部站点", EVERY), ("本站", NO_SITE), *((s, s) for s in sites_of(desk.board.database))]
        return gr.update(choices=known)

    def drawn(count: int, site: str, chosen: str) -> list[Any]:
        regions = desk.desk.regions
        if chosen and chosen not in regions:
            return [marks.told(gone(chosen), "bad"), renewed(regions, ALL)]
        try:
            found = trends(desk.board.database, desk.searcher, wanted(desk.today, count, site, chosen))
        except WenceError as error:
            return [marks.told(str(error), "bad"), gr.update()]
        address = "/api/staff/trends.csv?" + urlencode({"days": count, "site": site, "city": chosen})
        return [marks.trend_page(found, address), gr.update()]

    chosen: list[Any] = [days, site, city]
    tab.select(sites, None, [site], **QUIET).then(drawn, chosen, [page, city], **QUIET)
    for element in (days, site, city):
        element.input(drawn, chosen, [page, city], **QUIET)


def wanted(today: dt.date, days: int, site: str, city: str) -> Wanted:
    """The range that the filters name."""
    return Wanted(today - dt.timedelta(days=int(days) - 1), today, None if site == EVERY else site, city)
