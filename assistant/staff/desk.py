"""What every part of the workbench works with; handed to each tab and each route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.ask import Assistant
from assistant.people.reception import Reception
from assistant.records.database import Database
from assistant.web.streaming import Desk


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """One for a server; shared by all staff, holds nothing of any caller."""

    desk: Desk
    """Runs searches and answers in turn."""
    reception: Reception
    """Who is signed in."""
    database: Database
    """The store of records."""
    home: Path | None = None
    """Where questions that were settled become an evaluation set; None keeps none."""

    @property
    def regions(self) -> Sequence[str]:
        """Regions that have documents, those with most first."""
        return self.assistant.searcher.regions

    @property
    def assistant(self) -> Assistant:
        """Answers the questions."""
        return self.desk.assistant
