"""Results of a method, kept without a circle: the object goes as soon as its last user lets go of it.

`lru_cache` over a bound method makes the object and its cache point at each other. An open index would then stay, with
its maps and the lock on its folder, until a collection of all 420,000 objects of a server, which takes 220 ms.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")


def remembering(method: Callable[..., T], size: int) -> Callable[..., T]:
    """A bound method with its last `size` results kept; arguments must be hashable."""
    function: Callable[..., T] = method.__func__  # type: ignore[attr-defined]
    owner: weakref.ref[Any] = weakref.ref(method.__self__)  # type: ignore[attr-defined]

    @lru_cache(maxsize=size)
    def call(*arguments: Any) -> T:
        return function(owner(), *arguments)

    return call
