"""Where a store is, and the token that opens it; light, so that settings can name a place without loading an engine."""

from __future__ import annotations

from pathlib import Path

Place = str | Path
"""A folder, or what `index.store` lists."""


class Address(str):
    """A place that asks for a token. Wherever text is wanted (a stamp, a message, a comparison) it is the place alone."""

    __slots__ = ("token",)
    token: str
    """What the server asks for, "" when it asks for nothing; never shown, never written down."""

    def __new__(cls, place: str, token: str = "") -> Address:
        """`place` and the token that goes with it."""
        made = super().__new__(cls, place)
        made.token = token
        return made


def token_of(place: Place) -> str:
    """The token that a place asks for."""
    return place.token if isinstance(place, Address) else ""
