"""The sites with most people x sensitive files, and what lets most of them in: a grant, a link, an administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access.explain.paths import known_as
from acl_graph.access.reach import LensReach
from acl_graph.access_rules.forms import VIA_ADMIN, VIA_OWNER
from acl_graph.access_rules.levels import VIEW_BITS
from acl_graph.exposure.policy import Sensitivity
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import Kind
from acl_graph.world.compile import Units

WORST_SITES = 5
LINK_FOR = {
    "anyone": "A link for anybody",
    "organization": "A link for the whole organization",
    "people": "A link for named people",
    "existing": "A link for those who have access",
}


def scope_sums(units: Units, sensitivity: Sensitivity) -> NDArray[np.int64]:
    """Files, sensitive files and weight of each scope, int64[S, 3]."""
    sums = np.zeros((units.n_places, 3), np.int64)
    np.add.at(sums, units.place_of[: units.n_items], sensitivity.sums)
    return sums[: units.n_scopes]


@dataclass(frozen=True)
class WorstSite:
    """One of them. `causes` are what lets people in, those that let in most first."""

    site: int
    exposure: int
    files: int
    scopes: NDArray[np.int64]
    people_at_most: int
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Cause:
    """What lets people into a site: `what` is principal, link or administrator, `number` its node or link.

    `exposure` is people x sensitive files over all places of the site where it stands; `row` of `table` is the one by
    which it lets in most, on `scope`, where it has the level `level`.
    """

    what: str
    number: int
    exposure: int
    scope: int
    level: str
    table: str
    row: int
    #: all its rows on the site's places with sensitive files, one for each place
    rows: tuple[int, ...] = ()


def find_worst_sites(units: Units, sensitivity: Sensitivity, reach: LensReach) -> list[WorstSite]:
    """The five worst sites under a lens, the worst first."""
    sensitive = scope_sums(units, sensitivity)[:, 1]
    frame = pl.DataFrame(
        {
            "site": units.facts.scope_site,
            "scope": np.arange(units.n_scopes, dtype=np.int32),
            "sensitive": sensitive,
            "exposure": reach.users * sensitive,
        }
    ).filter((pl.col("site") >= 0) & (pl.col("sensitive") > 0))
    sites = (
        frame.group_by("site")
        .agg(pl.col("exposure").sum(), pl.col("sensitive").sum(), pl.col("scope"))
        .sort("exposure", "site", descending=[True, False])
        .filter(pl.col("exposure") > 0)
        .head(WORST_SITES)
    )
    return [
        WorstSite(
            site=site,
            exposure=int(exposure),
            files=int(files),
            scopes=np.sort(np.array(scopes, np.int64)),
            people_at_most=int(reach.users[np.array(scopes)].max()),
            causes=causes_of(units, sorted(scopes), sensitive),
        )
        for site, exposure, files, scopes in sites.iter_rows()
    ]


def causes_of(units: Units, scopes: list[int], sensitive: NDArray[np.int64]) -> tuple[Cause, ...]:
    """Everything that lets people into these scopes of one site, what lets in most first."""
    tenant, person = units.facts.tenant, units.facts.people.kind_of_user == kind_code(Kind.USER)
    links, levels = tenant["grants"]["link"], tenant["grants"]["level"]
    size: dict[int, int] = {}
    total: dict[tuple[str, int], int] = {}
    rows: dict[tuple[str, int], dict[int, int]] = {}
    heaviest: dict[tuple[str, int], tuple[int, Cause]] = {}

    def add(what: str, number: int, node: int, weight: int, scope: int, level: str, table: str, row: int) -> None:
        if node not in size:
            size[node] = int((units.members(node) & units.works & person).sum())
        key, value = (what, number), size[node] * weight
        total[key] = total.get(key, 0) + value
        rows.setdefault(key, {}).setdefault(scope, row)
        if key not in heaviest or value > heaviest[key][0]:
            heaviest[key] = (value, Cause(what, number, 0, scope, level, table, row))

    for scope in scopes:
        found = units.listed.at(scope)
        for position in range(len(found)):
            if int(found.mask[position]) & VIEW_BITS != VIEW_BITS:
                continue
            node, row = int(found.node[position]), int(found.row[position])
            level = str(levels[row] or "") if row >= 0 else ""
            link = units.facts.links.code(str(links[row])) if row >= 0 and links[row] else -1
            by_link = found.user_row[position] >= 0 and link >= 0
            what, number = ("link", link) if by_link else ("principal", node)
            add(what, number, node, int(sensitive[scope]), scope, level, "grants", row)
    admins = units.admins.at(int(units.facts.scope_site[scopes[0]]))
    files = int(sum(sensitive[scope] for scope in scopes))
    for position in range(len(admins)):
        node = int(admins.node[position])
        table = {VIA_ADMIN: "site_admins", VIA_OWNER: "sites"}.get(int(admins.via[position]), "members")
        add("administrator", node, node, files, scopes[0], "", table, int(admins.row[position]))
    order = sorted(total, key=lambda key: (-total[key], key[0], key[1]))
    return tuple(replace(heaviest[key][1], exposure=total[key], rows=tuple(rows[key].values())) for key in order)


def site_data(units: Units, worst: WorstSite) -> dict[str, Any]:
    """A site as `summary.json` has it."""
    about = units.facts.tenant["sites"]
    row = about.row(worst.site, named=True) if worst.site < about.height else {}
    return {
        "site": units.facts.sites[worst.site],
        "url": inert(row.get("url") or units.facts.sites[worst.site]),
        "title": inert(row.get("title") or ""),
        "people_times_sensitive_files": worst.exposure,
        "sensitive_files": worst.files,
        "people_at_most": worst.people_at_most,
        "cause": cause_data(units, worst.causes[0]) if worst.causes and worst.causes[0].exposure else None,
    }


def cause_data(units: Units, cause: Cause) -> dict[str, Any]:
    """A cause as `summary.json` has it: names, place, level, the export's row, and all of it as one sentence."""
    tenant = units.facts.tenant
    if cause.what == "link":
        identity = name = units.facts.links[cause.number]
    else:
        names = units.facts.people.names
        identity = names[cause.number] if cause.number < len(names) else "anybody"
        name = known_as(units, cause.number)
    through = None if cause.what == "link" else _broadest_member(units, cause.number)
    place = _site_place(units, cause.scope) if cause.what == "administrator" else _place(units, cause.scope)
    known = cause.row >= 0
    return {
        "what": cause.what,
        "name": inert(name),
        "id": inert(identity),
        "through": through,
        "people_times_sensitive_files": cause.exposure,
        "row": {
            "table": cause.table,
            "file": tenant[cause.table]["source_file"][cause.row] if known else None,
            "row": tenant[cause.table]["source_row"][cause.row] if known else None,
        },
        "level": inert(cause.level) or None,
        "place": inert(place),
        "sentence": inert(_sentence(units, cause, name, place, through)),
    }


def _sentence(units: Units, cause: Cause, name: str, place: str, through: str | None) -> str:
    if cause.what == "link":
        frame = units.facts.tenant["links"]
        audience = frame["audience"][cause.number] if cause.number < frame.height else None
        return f"{LINK_FOR.get(audience or '', 'A sharing link')} gives {cause.level or 'access'} on {place}"
    inside = f" ({through} is in it)" if through else ""
    if cause.what == "administrator":
        return f"{name}{inside} administers {place}"
    return f"{name}{inside} has {cause.level or 'access'} on {place}"


def _place(units: Units, scope: int) -> str:
    frame = units.facts.tenant["scopes"]
    path = frame["path"][scope] if scope < frame.height else None
    return str(path or units.facts.scopes[scope])


def _site_place(units: Units, scope: int) -> str:
    site = int(units.facts.scope_site[scope])
    frame = units.facts.tenant["sites"]
    row = frame.row(site, named=True) if 0 <= site < frame.height else {}
    path = urlsplit(row.get("url") or "").path.rstrip("/")
    return str(path or row.get("title") or row.get("url") or units.facts.sites[site])


def _broadest_member(units: Units, node: int) -> str | None:
    """The claim inside a group that makes it broad, if one does."""
    membership = units.membership
    if node >= len(membership.populations):
        return None
    inside = membership.member[membership.group == node]
    broad = [int(member) for member in inside if membership.populations[member]]
    return known_as(units, broad[0]) if broad else None
