"""A process that writes records and prints the id of each once it is acknowledged; run to be killed.

python -m tests.writing HOME URL NAME
"""

from __future__ import annotations

import sys
from pathlib import Path

from assistant.answer import Answer, Asker, Rating
from assistant.records import audit
from assistant.records.answers import Answers
from assistant.records.database import Database


def main(home: str, url: str, name: str) -> None:
    """Write until killed."""
    database = Database.open(Path(home), url)
    records = Answers(database)
    number = 0
    while True:
        number += 1
        answer = Answer(f"{name}：第{number}问", timings_ms={"total": 1.0})
        if records.keep(answer, (), Asker(conversation=f"{number % 7:032d}")):
            print("answer", answer.answer_id, flush=True)
        if records.rate(Rating(answer.answer_id, "up", comment=f"{name}{number}")):
            print("rating", f"{name}{number}", flush=True)
        with database.write() as session:
            row = audit.note(session, name, "test.write", str(number))
        print("audit", row.id, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
