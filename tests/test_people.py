"""Accounts, passwords, lock-out and sessions in a real store, and `wence people`."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from assistant.__main__ import main
from assistant.people import accounts as accounts_module
from assistant.people import passwords, sessions
from assistant.people.accounts import TRIES, Accounts
from assistant.people.passwords import Passwords
from assistant.people.person import EDITORS, STAFF, Person, Role, name_of, role_of
from assistant.people.sessions import Sessions
from assistant.records import audit
from assistant.records.database import Database
from assistant.records.tables import AuditRow, PersonRow, SessionRow, now
from index.errors import InputError
from tests.conftest import Ran
from tests.signing_in import PASSWORD, hashes


@pytest.fixture
def accounts(database: Database) -> Accounts:
    """With an admin and a member of staff."""
    made = Accounts(database, hashes())
    made.add("boss", Role.ADMIN, PASSWORD)
    made.add("小王", Role.STAFF, PASSWORD)
    return made


def noted(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        return [(r.person, r.action, r.subject) for r in session.scalars(select(AuditRow).order_by(AuditRow.id))]


def test_editors_may_what_staff_may_and_admins_everything() -> None:
    assert Role.EDITOR in STAFF and Role.ADMIN in STAFF and Role.ADMIN in EDITORS
    assert Role.EVALUATOR not in STAFF and Role.STAFF not in EDITORS


def test_a_name_has_one_spelling() -> None:
    assert name_of("  Ｚhang.San ") == "zhang.san"
    for bad in ("", " ", "a b", "../x", "<b>", "_a", "a" * 65, "a\nb", "名\u200b字"):
        with pytest.raises(InputError):
            name_of(bad)


def test_a_role_is_known_by_both_its_names_and_visitor_is_none_of_an_account() -> None:
    assert role_of("admin") is role_of("管理员") is Role.ADMIN
    for bad in ("visitor", "访客", "root", ""):
        with pytest.raises(InputError, match="可用"):
            role_of(bad)


@pytest.mark.parametrize(
    "weak",
    [
        "short", "123456789", "1234567890", "9876543210", "aaaaaaaaaaaa", "abababababab", "password2026!", "Passw0rd1234",
        "zhangsan2026", "ZHANGSAN!!!!", "zhangsanzhangsan", "woaini1314520", "qwertyuiop", "wence20261121", "x" * 300, "tab\tin it here",
        "half \ufffd a sign here", "",
    ],
)  # fmt: skip
def test_a_weak_password_is_refused_and_not_repeated(weak: str) -> None:
    with pytest.raises(InputError) as refused:
        passwords.check(weak, "zhangsan")
    assert len(weak) < 6 or weak not in str(refused.value)


@pytest.mark.parametrize(
    "good", [PASSWORD, "correct horse battery", "春眠不觉晓，处处闻啼鸟", "v7#Kd0-2mQpz", "zhangsan 在临港上班"]
)
def test_a_good_password_is_taken(good: str) -> None:
    passwords.check(good, "zhangsan")


def test_a_password_is_kept_as_argon2id_and_holds_in_any_spelling_of_its_letters() -> None:
    real = Passwords()
    kept = real.hash("ＡＢＣ一二三四五六七")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert real.holds(kept, "ABC一二三四五六七")
    assert not real.holds(kept, "ABC一二三四五六八")
    assert not real.holds("", "nobody has this password")
    assert not real.holds("damaged", PASSWORD)
    assert not real.holds(kept, "\ud83d")


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(database: Database, accounts: Accounts) -> None:
    today = Accounts(database, Passwords())
    assert today.check("小王", PASSWORD)
    with database.read() as session:
        kept = session.scalars(select(PersonRow.password).where(PersonRow.name == "小王")).one()
    assert "m=65536,t=3,p=4" in kept
    assert today.check("小王", PASSWORD)


def test_the_right_password_opens_and_the_name_may_be_typed_in_any_case(accounts: Accounts) -> None:
    person = accounts.check(" BOSS ", PASSWORD)
    assert person and person.role is Role.ADMIN
    assert accounts.check("boss", PASSWORD + "x") is None
    assert accounts.check("nobody", PASSWORD) is None
    assert accounts.check("<script>", PASSWORD) is None


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(
    accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(TRIES):
        assert accounts.check("小王", "wrong") is None
    assert accounts.check("小王", PASSWORD) is None
    assert accounts.check("boss", PASSWORD)
    assert accounts.all()[1].locked_until
    later = now() + timedelta(minutes=16)
    monkeypatch.setattr(accounts_module, "now", lambda: later)
    assert accounts.check("小王", "wrong") is None
    assert accounts.check("小王", PASSWORD), "after the lock four tries are left"
    assert [action for _, action, subject in noted(database) if subject == "小王" and action == "session.lock"] == [
        "session.lock"
    ]


def test_an_admin_unlocks_at_once(accounts: Accounts) -> None:
    for _ in range(TRIES):
        accounts.check("小王", "wrong")
    accounts.unlock("小王")
    assert accounts.check("小王", PASSWORD)


def test_a_right_password_clears_the_count(accounts: Accounts) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            assert accounts.check("小王", "wrong") is None
        assert accounts.check("小王", PASSWORD)


def test_many_guesses_at_the_same_time_are_still_five(database: Database, accounts: Accounts) -> None:
    """Twenty at once, the right one among them last: only five of them are looked at."""
    looked: list[str] = []

    class Counting(Passwords):
        def holds(self, stored: str, password: str) -> bool:
            if stored:
                looked.append(password)
            return super().holds(stored, password)

    watched = Accounts(database, Counting(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    with ThreadPoolExecutor(20) as pool:
        assert not any(pool.map(lambda n: watched.check("小王", f"guess {n}"), range(20)))
    assert len(looked) == TRIES


def test_an_unknown_name_costs_a_hash_too(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work for all, so that the time tells nothing: counted, not measured."""
    seen: list[bool] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str, given: str) -> bool:
        seen.append("m=8,t=1,p=1" in kept)
        return bool(verify(self, kept, given))

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    accounts.add("oidc-only", Role.STAFF)
    accounts.add("gone", Role.STAFF, PASSWORD)
    accounts.remove("gone")
    for name in ("nobody", "小王", "oidc-only", "gone", "", "a b"):
        assert accounts.check(name, "wrong") is None
    assert seen == [True] * 6


def test_the_last_admin_stays(accounts: Accounts) -> None:
    for change in (lambda: accounts.remove("boss"), lambda: accounts.set_role("boss", Role.EDITOR)):
        with pytest.raises(InputError, match="唯一的管理员"):
            change()
    accounts.add("second", Role.ADMIN, PASSWORD)
    accounts.remove("boss")
    with pytest.raises(InputError, match="唯一的管理员"):
        accounts.remove("second")


def test_two_admins_who_remove_each_other_leave_one(database: Database, accounts: Accounts) -> None:
    accounts.add("second", Role.ADMIN, PASSWORD)

    def remove(name: str) -> bool:
        try:
            accounts.remove(name)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ("boss", "second"))) == [False, True]


def test_whoever_loses_something_is_signed_out_everywhere(database: Database, accounts: Accounts) -> None:
    kept = Sessions(database)
    changes: list[Callable[[], None]] = [
        lambda: accounts.set_role("小王", Role.EDITOR), lambda: accounts.set_password("小王", PASSWORD + "！"),
        lambda: accounts.link("小王", "https://id.example 17"), lambda: accounts.remove("小王"),
    ]  # fmt: skip
    person = next(one.person for one in accounts.all() if one.person.name == "小王")
    boss = kept.open(next(one.person for one in accounts.all() if one.person.name == "boss"))
    for change in changes:
        keys = [kept.open(person), kept.open(person)]
        assert all(kept.find(key) for key in keys)
        change()
        assert not any(kept.find(key) for key in keys)
    assert kept.find(boss)


def test_a_removed_account_opens_nothing_and_comes_back_only_by_an_admin(accounts: Accounts) -> None:
    accounts.remove("小王")
    assert accounts.check("小王", PASSWORD) is None
    with pytest.raises(InputError, match="没有账号"):
        accounts.set_password("小王", PASSWORD)
    with pytest.raises(InputError, match="已有账号"):
        accounts.add("boss", Role.STAFF, PASSWORD)
    accounts.add("小王", Role.EVALUATOR, PASSWORD + "2")
    again = accounts.check("小王", PASSWORD + "2")
    assert again and again.role is Role.EVALUATOR


def visitor(accounts: Accounts) -> Person:
    return next(one.person for one in accounts.all() if one.person.name == "小王")


def test_a_session_ends_after_two_idle_hours_and_after_twelve_in_any_case(
    database: Database, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, kept = now(), Sessions(database)
    clock = [start]
    monkeypatch.setattr(sessions, "now", lambda: clock[0])
    idle, busy = kept.open(visitor(accounts)), kept.open(visitor(accounts))
    for hours in range(1, 12):
        clock[0] = start + timedelta(hours=hours)
        assert kept.find(busy), hours
        if hours == 1:
            assert kept.find(idle)
    assert kept.find(idle) is None
    clock[0] = start + timedelta(hours=12)
    assert kept.find(busy) is None
    kept.open(visitor(accounts))
    with database.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1, "what has ended is cleared away"


def test_the_store_holds_no_cookie_and_other_keys_open_nothing(database: Database, accounts: Accounts) -> None:
    kept = Sessions(database)
    key = kept.open(visitor(accounts))
    with database.read() as session:
        row = session.scalars(select(SessionRow)).one()
    assert key not in (row.key, row.csrf) and len(key) >= 43
    for other in ("", row.key, key[:-1], key + "x", "x" * 5000, "\ud83d", key.swapcase()):
        assert kept.find(other) is None
    kept.close(key)
    assert kept.find(key) is None


def test_a_provider_links_only_accounts_that_wait_for_it(accounts: Accounts) -> None:
    issuer = "https://id.example "
    assert accounts.vouched(issuer + "1", "boss") is None, "an account with a password is not taken over by a name"
    assert accounts.vouched(issuer + "1", "nobody") is None
    accounts.add("li.si", Role.STAFF)
    first = accounts.vouched(issuer + "1", "Li.Si")
    assert first and first.name == "li.si"
    assert accounts.vouched(issuer + "2", "li.si") is None, "somebody else who is called so now"
    assert accounts.vouched(issuer + "1", "renamed") == first
    accounts.remove("li.si")
    assert accounts.vouched(issuer + "1", "li.si") is None


def test_a_subject_belongs_to_one_account(accounts: Accounts) -> None:
    accounts.link("小王", "https://id.example 1")
    with pytest.raises(InputError, match="已经属于"):
        accounts.link("boss", "https://id.example 1")
    accounts.link("小王", "")
    accounts.link("boss", "https://id.example 1")


def test_a_provider_gives_roles_but_never_takes_the_last_admin(accounts: Accounts, database: Database) -> None:
    accounts.link("boss", "i 1")
    accounts.link("小王", "i 2")
    kept = accounts.vouched("i 1", "", Role.STAFF)
    assert kept and kept.role is Role.ADMIN
    raised = accounts.vouched("i 2", "", Role.EDITOR)
    assert raised and raised.role is Role.EDITOR
    assert ("", "person.role", "小王") in noted(database)


def test_everything_is_in_the_audit_and_no_password_is(accounts: Accounts, database: Database) -> None:
    accounts.check("小王", "wrong password 77")
    accounts.check("typed-my-password-here", "x")
    accounts.check("小王", PASSWORD)
    key = Sessions(database).open(visitor(accounts))
    Sessions(database).close(key)
    accounts.set_role("小王", Role.EDITOR, "boss")
    accounts.set_password("小王", PASSWORD + "3", "小王")
    accounts.unlock("小王")
    accounts.remove("小王", "boss")
    assert noted(database) == [
        ("", "person.add", "boss"), ("", "person.add", "小王"), ("", "session.refuse", "小王"), ("", "session.refuse", ""),
        ("小王", "session.open", "小王"), ("小王", "session.close", "小王"), ("boss", "person.role", "小王"),
        ("小王", "person.password", "小王"), ("", "person.unlock", "小王"), ("boss", "person.remove", "小王"),
    ]  # fmt: skip
    assert not audit.verify(database).broken
    with database.read() as session:
        told = " ".join(f"{row.subject} {row.detail}" for row in session.scalars(select(AuditRow)))
    for secret in (PASSWORD, "wrong password", "typed-my", "argon2", key):
        assert secret not in told


@pytest.fixture
def wence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs one command on an empty WENCE_HOME: accounts need no index and no model."""
    for name in [n for n in os.environ if n.startswith("WENCE_") and not n.startswith("WENCE_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WENCE_HOME", str(tmp_path))

    def run(*arguments: str) -> Ran:
        try:
            status = main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_wence_people_makes_the_first_admin_and_changes_accounts(
    wence: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    empty = wence("people", "list")
    assert empty.status == 0 and "--role admin" in empty.out
    typed(monkeypatch, PASSWORD)
    made = wence("people", "add", "Boss", "--role", "admin")
    assert (made.status, made.err) == (0, "") and "boss" in made.out and "管理员" in made.out
    typed(monkeypatch, PASSWORD)
    assert wence("people", "add", "小王", "--role", "坐席", "--shown", "王工").status == 0
    listed = wence("people", "list").out
    assert "小王：坐席｜王工｜口令" in listed
    for refused in (
        ("remove", "boss"),
        ("role", "boss", "--role", "staff"),
        ("add", "boss", "--role", "staff"),
        ("remove", "nobody"),
    ):
        ran = wence("people", *refused)
        assert ran.status == 1 and ran.err.count("\n") == 1, refused
    assert wence("people", "role", "小王", "--role", "editor").status == 0
    typed(monkeypatch, PASSWORD + "二")
    assert wence("people", "password", "小王").status == 0
    assert wence("people", "unlock", "小王").status == 0
    assert wence("people", "remove", "小王").status == 0
    assert "已移除" in wence("people", "list").out
    assert PASSWORD not in caplog.text + made.out + listed
    checked = Database.open(tmp_path)
    assert Accounts(checked, hashes()).check("boss", PASSWORD)
    checked.close()


def test_wence_people_takes_no_weak_password_and_none_as_an_argument(
    wence: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "1234567890")
    weak = wence("people", "add", "boss", "--role", "admin")
    assert weak.status == 1 and "太常见" in weak.err and "1234567890" not in weak.err
    typed(monkeypatch)
    assert wence("people", "add", "boss", "--role", "admin").status == 2
    assert wence("people", "add", "boss", "--role", "admin", "--password", PASSWORD).status == 2
    assert wence("people", "add", "boss").status == 2
    assert wence("people", "add", "boss", "--role", "king").status == 1
    assert "还没有账号" in wence("people", "list").out


def test_wence_people_prepares_accounts_for_a_provider(
    wence: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wence("people", "add", "li.si", "--role", "staff", "--openid").status == 0
    assert "等待统一认证" in wence("people", "list").out
    assert wence("people", "openid", "li.si", "17").status == 1, "no provider is set"
    monkeypatch.setenv("WENCE_OIDC_ISSUER", "https://id.example")
    half = wence("people", "list")
    assert half.status == 1 and "WENCE_OIDC_CLIENT_ID" in half.err
    monkeypatch.setenv("WENCE_OIDC_CLIENT_ID", "wence")
    monkeypatch.setenv("WENCE_OIDC_CLIENT_SECRET", "never shown")
    linked = wence("people", "openid", "li.si", "17")
    assert linked.status == 0 and "never shown" not in linked.out
    assert "｜统一认证" in wence("people", "list").out
