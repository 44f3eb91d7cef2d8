"""`wence people`: accounts on the command line, where the first admin is made. Passwords are asked for, never arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC
from getpass import getpass

from assistant.people import passwords
from assistant.people.accounts import Account, Accounts
from assistant.people.person import name_of, role_of
from assistant.records.database import Database
from index.errors import InputError, UsageError


def run(options: argparse.Namespace, database: Database, issuer: str = "") -> int:
    """Do what was asked; exit status 0.

    Args:
        options: `action` and what belongs to it.
        database: the store.
        issuer: who may vouch for people; "" for nobody.

    Raises:
        WenceError: as `Accounts`.
    """
    accounts = Accounts(database)
    actions: dict[str, Callable[[argparse.Namespace, Accounts], str]] = {
        "add": _add, "list": _list, "remove": _remove, "role": _role, "password": _password, "unlock": _unlock,
    }  # fmt: skip
    said = (
        _openid(options, accounts, issuer) if options.action == "openid" else actions[options.action](options, accounts)
    )
    print(said)
    return 0


def _add(options: argparse.Namespace, accounts: Accounts) -> str:
    name, role = name_of(options.name), role_of(options.role)
    taken = next((one for one in accounts.all() if one.person.name == name and one.active), None)
    password = "" if options.openid or taken else _asked(name)  # who is there already is told before typing
    account = accounts.add(name, role, password, options.shown)
    how = "第一次用统一认证登录时自动关联" if options.openid else "可以登录了"
    return f"已添加 {_line(account)}；{how}"


def _list(_: argparse.Namespace, accounts: Accounts) -> str:
    lines = [_line(account) for account in accounts.all()]
    return "\n".join(lines) or "还没有账号；用 `wence people add 名字 --role admin` 添加第一位管理员"


def _remove(options: argparse.Namespace, accounts: Accounts) -> str:
    accounts.remove(options.name)
    return f"已移除 {name_of(options.name)}，所有登录已退出；名字留在审计记录里"


def _role(options: argparse.Namespace, accounts: Accounts) -> str:
    role = role_of(options.role)
    accounts.set_role(options.name, role)
    return f"{name_of(options.name)} 现在是{role.shown}；原来的登录已退出"


def _password(options: argparse.Namespace, accounts: Accounts) -> str:
    name = name_of(options.name)
    accounts.set_password(name, _asked(name))
    return f"已修改 {name} 的口令；原来的登录已退出"


def _unlock(options: argparse.Namespace, accounts: Accounts) -> str:
    accounts.unlock(options.name)
    return f"{name_of(options.name)} 可以再试登录了"


def _openid(options: argparse.Namespace, accounts: Accounts, issuer: str) -> str:
    if options.subject and not issuer:
        raise InputError("没有设置统一认证；请先设置 WENCE_OIDC_ISSUER")
    accounts.link(options.name, f"{issuer} {options.subject}" if options.subject else "")
    return f"{name_of(options.name)} {'已关联到 ' + options.subject if options.subject else '不再关联统一认证'}；原来的登录已退出"


def _line(account: Account) -> str:
    person = account.person
    notes = [person.role.shown, person.shown if person.shown != person.name else ""]
    if account.active:
        notes += ["口令" * account.has_password, "统一认证" * bool(account.subject), "" if account.has_password or account.subject else "等待统一认证"]  # fmt: skip
    else:
        notes.append("已移除")
    if account.locked_until:
        notes.append(f"锁定到 {account.locked_until.replace(tzinfo=UTC).astimezone():%H:%M}")
    return f"{person.name}：{'｜'.join(note for note in notes if note)}"


def _asked(name: str) -> str:
    """A new password: typed twice without being shown, or one line of standard input."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise UsageError("标准输入里没有口令；请在终端里运行，或从标准输入给出一行口令")
        passwords.check(password, name)
        return password
    password = getpass(f"{name} 的新口令（至少 {passwords.SHORTEST} 个字符，输入时不显示）：")
    passwords.check(password, name)
    if getpass("再输一遍：") != password:
        raise InputError("两遍不一样，没有改动；请再运行一次")
    return password
