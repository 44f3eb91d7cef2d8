"""`wence parse`: what is read from one file, without an index."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from assistant.catalog_commands import show
from index.catalog import load_catalog
from index.errors import InputError
from index.parse import parse_reading
from index.reading import catalog_place, read_source


def parse(options: argparse.Namespace) -> int:
    """wence parse FILE [--json] [--coverage | --metadata | --text]."""
    path = Path(options.file)
    reading = read_source(path)
    if options.text:
        print(reading.text)
        return 0
    folder, name = catalog_place(path)
    parsed = parse_reading(reading, name, load_catalog(folder).get(name))
    if options.metadata:
        show(parsed, options.json)
    elif options.coverage:
        print(
            json.dumps(parsed.receipt.to_json(), ensure_ascii=False)
            if options.json
            else "\n".join(parsed.receipt.lines())
        )
    elif options.json:
        for clause in parsed.clauses:
            print(json.dumps(clause.to_json(), ensure_ascii=False))
    else:
        document = parsed.document
        print(f"《{document.title}》 {document.number} {document.issuer}")
        for clause in parsed.clauses:
            place = " > ".join([*clause.path, f"{clause.label} {clause.title}".strip()])
            departments = "、".join(f"{d.name}{'（牵头）' if d.role == 'lead' else ''}" for d in clause.departments)
            print(
                f"\n[{clause.clause_id}] {place}\n{clause.text}" + (f"\n  部门：{departments}" if departments else "")
            )
        print(f"\n{parsed.receipt.lines()[0]}", file=sys.stderr)
    if not parsed.clauses:
        raise InputError(
            f"{path} 里没有读出任何条款（共 {len(reading.text)} 字）；请用 `wence parse --coverage {path}` 查看每段归到了哪里"
        )
    return 0
