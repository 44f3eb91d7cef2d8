"""Who somebody is: a person with an account, and the five roles.

visitor     everybody, also without an account: asks
staff       answers callers at the workbench
evaluator   reads the evaluations
editor      all that staff may, and writes the answers that are given from then on
admin       all of it
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from index.errors import InputError

_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")


class Role(StrEnum):
    """What somebody may do."""

    VISITOR = "visitor"
    STAFF = "staff"
    EVALUATOR = "evaluator"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def shown(self) -> str:
        """In Chinese."""
        return _SHOWN[self]


_SHOWN = {
    Role.VISITOR: "访客", Role.STAFF: "坐席", Role.EVALUATOR: "评测员", Role.EDITOR: "编辑", Role.ADMIN: "管理员",
}  # fmt: skip
EVERYBODY = frozenset(Role)
ACCOUNTS = EVERYBODY - {Role.VISITOR}
"""Roles that an account may have."""
STAFF = frozenset({Role.STAFF, Role.EDITOR, Role.ADMIN})
EVALUATORS = frozenset({Role.EVALUATOR, Role.ADMIN})
EDITORS = frozenset({Role.EDITOR, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, as the rest of the program sees them."""

    id: str
    name: str
    """What is typed to sign in; stands in the audit and in pins."""
    shown: str
    """What others see."""
    role: Role


def name_of(text: str) -> str:
    """A name in its one spelling: letters of any script, digits, `.` `_` `@` `+` `-`; 1 to 64, lower case.

    Raises:
        InputError: cannot be a name.
    """
    name = unicodedata.normalize("NFKC", text).strip().lower()
    if not _NAME.fullmatch(name):
        raise InputError(f"名字 {text!r} 不能用；应为 1 到 64 个汉字、字母或数字，可含 . _ @ + -，不含空格")
    return name


def role_of(text: str) -> Role:
    """A role that an account may have, by its English or Chinese name.

    Raises:
        InputError: no such role.
    """
    for role in ACCOUNTS:
        if text.strip().lower() in (role.value, role.shown):
            return role
    known = "、".join(f"{role}（{role.shown}）" for role in Role if role in ACCOUNTS)
    raise InputError(f"没有角色 {text!r}；可用：{known}")
