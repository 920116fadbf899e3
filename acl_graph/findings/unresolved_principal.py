"""Names on permission lists that the export describes nowhere: nobody can say whom they let in."""

from __future__ import annotations

import numpy as np
import polars as pl

from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule
from acl_graph.safe_output.plurals import many

CODE = "unresolved_principal"
TITLE = "A permission list names somebody whom the export does not describe"
WHY = (
    "It may be a group of many, a guest, or an account that is long gone. It is counted as possible access, "
    "never as none."
)
REMEDY = "Look the id up; describe it in the export, or take it off."
SEVERITY_NOTE = "Low: no access by it is sure. Cases with heavier places come first."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
TABLES = ("grants.principal", "link_users.principal", "site_admins.principal", "members.member", "members.group")


def find(context: Context) -> list[Finding]:
    """Principals without a description in grants, links, administrators and memberships."""
    facts, tenant = context.facts, context.facts.tenant
    named = tenant.unresolved.filter(pl.col("named_in").is_in(TABLES))
    hollow = _hollow(context)
    principals = pl.concat([named["principal"].unique(maintain_order=True), hollow])
    grants = (
        tenant["grants"]
        .select("scope", "principal")
        .with_row_index("row")
        .filter(pl.col("principal").is_in(principals.implode()))
    )
    empty = set(hollow.to_list())
    scope = facts.scopes.codes(grants["scope"])
    weighed = (
        grants.with_columns(pl.Series("weight", np.append(context.weight, 0)[scope]), pl.Series("at", scope))
        .group_by("principal", maintain_order=True)
        .agg("row", "at", pl.col("weight").sum())
    )
    frame = pl.DataFrame({"principal": principals}).join(weighed, on="principal", how="left", maintain_order="left")
    places = {row["principal"]: row for row in frame.iter_rows(named=True)}
    score = frame["weight"].fill_null(0).to_numpy()
    ids = principals.to_list()

    def build(number: int) -> Case | None:
        principal = ids[number]
        mine = named.filter(pl.col("principal") == principal)
        where = ", ".join(f"{count:,} in {table}" for table, count in mine.select("named_in", "rows").iter_rows())
        rows = [int(row) for row in places[principal]["row"] or []]
        scopes = np.unique(np.array(places[principal]["at"] or [], np.int64))
        change = fixes.remove_grant(context, rows[0]) if rows else None
        if principal in empty:
            node = facts.people.names.code(principal)
            said = f"{context.name(node)} is a group of which no member is known"
            where = many(len(rows), "time") + " in grants.principal"
        else:
            said = f"{principal} is described nowhere"
        return Case(
            identity=(principal,),
            what=f"{said} and is named {where}, on {many(len(scopes), 'place')} with "
            f"{many(int(context.sums[scopes, 1].sum()), 'sensitive file')}.",
            scopes=scopes,
            row=("grants", rows[0]) if rows else _row(context, mine),
            change=change,
            more=tuple(fixes.remove_grant(context, row) for row in rows[1:9]),
            population=np.zeros(facts.people.n_users, np.bool_),
            closes=False,
            confidence="possible",
        )

    return report(context, RULE, score, build)


def _hollow(context: Context) -> pl.Series:
    """Groups with a role on a place that the export names without a single member, and says so."""
    tenant = context.facts.tenant
    groups = tenant["principals"].filter((pl.col("expanded") == False).fill_null(False))["id"]  # noqa: E712
    held = tenant["members"]["group"].unique()
    granted = tenant["grants"]["principal"].drop_nulls().unique()
    return groups.filter(~groups.is_in(held.implode()) & groups.is_in(granted.implode())).rename("principal")


def _row(context: Context, mine: pl.DataFrame) -> tuple[str, int]:
    table, column = str(mine["named_in"][0]).split(".")
    at = np.flatnonzero((context.facts.tenant[table][column] == mine["principal"][0]).fill_null(False).to_numpy())
    return table, int(at[0]) if len(at) else -1
