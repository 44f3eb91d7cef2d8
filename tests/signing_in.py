"""People with accounts, for tests: one of each role, signed in without the cost of a password each time."""

from __future__ import annotations

from functools import cache

import httpx
from argon2 import PasswordHasher

from assistant.people.accounts import Accounts
from assistant.people.passwords import Passwords
from assistant.people.person import ACCOUNTS, Role
from assistant.people.reception import COOKIE
from assistant.people.sessions import Sessions
from assistant.records.database import Database

PASSWORD = "三更灯火五更鸡 1990"


@cache
def hashes() -> Passwords:
    """The real thing with the smallest parameters: a hundred sign-ins of tests cost what one costs otherwise."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def name_of(role: Role) -> str:
    """What the person of a role is called."""
    return f"{role.shown}甲"


def make_people(database: Database) -> dict[Role, str]:
    """One account of each role with `PASSWORD`; their names."""
    accounts = Accounts(database, hashes())
    for role in sorted(ACCOUNTS):
        accounts.add(name_of(role), role, PASSWORD)
    return {role: name_of(role) for role in ACCOUNTS}


def cookie_of(database: Database, role: Role) -> str:
    """The value of the session cookie of a new session of a role's person."""
    people = {one.person.role: one.person for one in Accounts(database, hashes()).all()}
    return Sessions(database).open(people[role])


def signed_in(base_url: str, database: Database, role: Role) -> httpx.Client:
    """A client that has a session of a role's person and says where its requests come from, as a browser does."""
    client = httpx.Client(base_url=base_url, headers={"Origin": base_url}, timeout=60)
    if role is not Role.VISITOR:
        key = cookie_of(database, role)
        visit = Sessions(database).find(key)
        assert visit
        client.cookies.set(COOKIE, key)
        client.headers["X-CSRF-Token"] = visit.csrf
    return client
