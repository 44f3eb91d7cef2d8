"""Passwords: which are good enough, and how they are kept. The only file that touches argon2.

Argon2id with the parameters of RFC 9106's second recommendation (64 MiB, 3 passes, 4 lanes), the library's default.
What a good password is follows NIST SP 800-63B: long, not common, not the name; no rule about signs and digits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from index.errors import InputError

SHORTEST, LONGEST = 10, 256
"""Characters. A longest one, so that nobody makes the server hash a book."""
FEWEST_DIFFERENT = 5
COMMON = Path(__file__).with_name("common_passwords.txt")
_BLANK = re.compile(r"[\W\d_]+")


class Passwords:
    """Makes and checks hashes; safe to share between threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """A hash with its own salt and parameters, 97 characters."""
        return self._hasher.hash(_normal(password))

    def holds(self, stored: str, password: str) -> bool:
        """Whether a password is the one of a hash; takes as long when there is none ("")."""
        try:
            found = self._hasher.verify(stored or self._nobody, _normal(password[: 2 * LONGEST]))
        except (Argon2Error, InvalidHashError):
            return False
        return found and bool(stored)

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def check(password: str, name: str) -> None:
    """Refuse a password that others would try first.

    Raises:
        InputError: too short or long, unreadable, the name, or a common one. The password is not in the message.
    """
    normal = _normal(password)
    if len(normal) < SHORTEST:
        raise InputError(f"口令太短（{len(normal)} 个字符），至少要 {SHORTEST} 个；可以用一句自己好记的话")
    if len(normal) > LONGEST:
        raise InputError(f"口令太长（{len(normal)} 个字符），最多 {LONGEST} 个")
    if "\ufffd" in normal or any(unicodedata.category(c) == "Cc" for c in normal):
        raise InputError("口令里有不能识别的字符，请重新输入")
    lower = normal.lower()
    if name and (lower == name or _letters(lower) in {name, name * 2, name[::-1], _letters(name)} - {""}):
        raise InputError("口令不能是名字，也不能只是名字加数字；请换一个")
    if len(set(lower)) < FEWEST_DIFFERENT or _is_row(lower) or lower in _common() or _letters(lower) in _words():
        raise InputError("这个口令太常见，容易被猜中；请换一个")


def _normal(password: str) -> str:
    # Half a character, which a form may hold, has no bytes to hash.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()


def _letters(text: str) -> str:
    return _BLANK.sub("", text)


def _is_row(text: str) -> bool:
    """12345678910, abcdefghij, 9876543210."""
    steps = {ord(b) - ord(a) for a, b in zip(text, text[1:], strict=False)}
    return len(steps) == 1 and abs(min(steps)) <= 1


@cache
def _common() -> frozenset[str]:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@cache
def _words() -> frozenset[str]:
    """Words that stay common however many digits are added."""
    return frozenset(line.removeprefix("# + ") for line in COMMON.read_text(encoding="utf-8").splitlines() if line.startswith("# + "))  # fmt: skip
