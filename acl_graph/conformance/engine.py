"""Asks an engine the questions of the cases: this program's own, or whoever wrote a verdicts file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acl_graph.conformance.cases import ASSERTED, Case, json_lines, read_text
from acl_graph.errors import AclGraphError, BadInput

#: one question: case, principal, item
Question = tuple[str, str, str]


def verdicts(cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
    """This program's answers, one object for every question, in the form of a verdicts file.

    A question that cannot be answered has an `error` and nothing else, as an error in a file of queries would.
    """
    from acl_graph.access import Access

    for case in cases:
        if not case.asks:
            continue
        access = Access(tenant_of(case))
        for ask in case.asks:
            line: dict[str, Any] = {"case": case.id, "principal": ask.principal, "item": ask.item}
            try:
                answer = access.check(ask.principal, ask.item).as_dict()
            except AclGraphError as error:
                yield line | {"error": str(error)}
                continue
            answer["possible_open"] = (answer["possible"] or answer)["open"]
            yield line | {part: answer[part] for part in ASSERTED}


def tenant_of(case: Case) -> Any:
    """The tenant of a case, built the way every reader's rows are.

    Raises
    ------
    BadInput
        A row could not be kept: a case must not mean less than it says.
    """
    import polars as pl

    from acl_graph.tenant.raw_export import RawExport
    from acl_graph.tenant.schema import TABLES
    from acl_graph.tenant.tenant import build

    raw = RawExport(Path(), name=case.id)
    if case.snapshot:
        moment = datetime.fromisoformat(case.snapshot)
        raw.snapshot = moment.replace(tzinfo=moment.tzinfo or UTC)
    raw.coverage, raw.switches = dict(case.coverage), dict(case.switches)
    for table, rows in case.tables.items():
        if table not in TABLES:
            raise BadInput(f"case {case.id}: there is no table {table!r}")
        types: dict[str, pl.DataType] = {"list": pl.List(pl.String()), "flag": pl.Boolean(), "whole": pl.Int64()}
        # times stay text: reading them is the business of the tables, as for every export
        schema = {column.name: types.get(column.type, pl.String()) for column in TABLES[table].columns}
        strange = sorted({name for row in rows for name in row} - set(schema))
        if strange:
            raise BadInput(f"case {case.id}: {table} has no column {', '.join(strange)}")
        raw.add("conformance", table, pl.DataFrame(rows, schema=schema), source=table)
    tenant = build(raw)
    if tenant.rejected.height:
        first = tenant.rejected.row(0, named=True)
        raise BadInput(f"case {case.id}: a row of {first['table']} was rejected: {first['why']}")
    return tenant


def read_verdicts(path: str | Path) -> dict[Question, dict[str, Any]]:
    """The answers of a verdicts file by question.

    Raises
    ------
    BadInput
        A line is not an object with `case`, `principal` and `item`, or a question is answered twice.
    """
    found: dict[Question, dict[str, Any]] = {}
    for number, line in json_lines(read_text(path), str(path)):
        named = [line.get(part) for part in ("case", "principal", "item")]
        if not all(isinstance(name, str) for name in named):
            raise BadInput(f"{path} line {number}: case, principal and item are wanted, as text")
        question = (str(named[0]), str(named[1]), str(named[2]))
        if question in found:
            raise BadInput(f"{path} line {number}: this question has an answer further up already")
        found[question] = line
    return found
