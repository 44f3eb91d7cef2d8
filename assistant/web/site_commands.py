"""`wence sites`: register, list and remove the sites that may use this installation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assistant.records.audit import operator
from assistant.records.database import Database
from assistant.web.sites import Site, Sites, take_over


def run(options: argparse.Namespace, home: Path, database: Database) -> int:
    """Do what was asked with the sites in `database`; exit status 0.

    Raises:
        WenceError: as `Sites.add` and `Sites.remove`.
    """
    take_over(home, database)
    sites = Sites(database)
    if options.action == "list":
        for site in sites.all().values():
            print(_line(site))
        if not sites.all():
            print("还没有登记站点；用 `wence sites add 站点 --origin https://…` 登记", file=sys.stderr)
    elif options.action == "remove":
        sites.remove(options.key, operator())
        print(f"已移除 {options.key}；它的令牌和服务端密钥立即失效")
    else:
        secret = sites.add(
            options.key, name=options.name, origins=options.origin, quota=options.quota, region=options.region,
            private=options.private, mask_companies=options.mask_companies, server=options.server,
            person=operator(),
        )  # fmt: skip
        site = sites.all()[options.key]
        print(_line(site))
        if site.origins and not site.private:
            print(f'网页里加一行：<script src="https://本服务的地址/widget.js" data-site="{site.key}" defer></script>')
        if not site.origins:
            print("没有登记来源：任何网页都不能嵌入", file=sys.stderr)
        if secret:
            print(f"服务端密钥（只显示这一次，请妥善保存，不要放进网页）：{secret}")
    return 0


def _line(site: Site) -> str:
    notes = [
        site.name, site.region, f"每天 {site.quota} 次", "令牌由网站服务器代取" * site.private,
        "遮盖信用代码" * site.mask_companies, "有服务端密钥" * bool(site.server_hash),
    ]  # fmt: skip
    return f"{site.key}：{' '.join(site.origins) or '（没有来源）'}｜{'｜'.join(n for n in notes if n)}"
