"""Collections that a home has on servers: each noted before it is made, so that none is ever forgotten there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from index.errors import WenceError
from index.generation import complete_generations, current_generation, index_home, read_stamp
from index.store import open_store

COLLECTIONS = "collections.json"
"""Collections that this home may have on Chroma servers: [[URL, name], …], noted before each is made."""


def drop_old_collections(url: str, home: Path) -> None:
    """Remove this home's collections on the server that no generation on disk names.

    The new index is current already, so a failure here is left for the next build to make good.
    """
    stamps = [read_stamp(g) for g in complete_generations(home)]
    named = {(s.store, s.collection) for s in stamps}
    noted = noted_collections(home)
    try:
        store = open_store(url, read_stamp(current_generation(home)).collection)
        for place, name in noted:
            if place == url and (place, name) not in named:
                store.drop(name)
        store.close()
        note_collections(home, [pair for pair in noted if pair[0] != url or pair in named])
    except (WenceError, OSError):
        return


def noted_collections(home: Path) -> list[tuple[str, str]]:
    """(place, name) of every collection that this home may have outside its own folder."""
    try:
        rows = json.loads((index_home(home) / COLLECTIONS).read_text(encoding="utf-8"))
        return [(str(url), str(name)) for url, name in rows]
    except (OSError, ValueError, TypeError):
        return []


def note_collections(home: Path, collections: Sequence[tuple[str, str]]) -> None:
    """Keep that list; a collection is noted before it is made, so that none is ever forgotten."""
    draft = index_home(home) / (COLLECTIONS + ".new")
    draft.write_text(json.dumps(collections), encoding="utf-8")
    draft.replace(index_home(home) / COLLECTIONS)
