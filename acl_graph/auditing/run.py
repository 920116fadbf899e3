"""The main job: everybody's reach under four lenses, what it exposes, what causes it and what to change first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from acl_graph.access import Access
from acl_graph.access.reach import LensReach, bulk_reach
from acl_graph.exposure import Policy
from acl_graph.exposure.policy import Sensitivity, as_dict, weigh
from acl_graph.exposure.worst_sites import find_worst_sites, scope_sums, site_data
from acl_graph.findings import Context, Finding, find_all
from acl_graph.indexed.indexed_tenant import LICENCES, kind_code
from acl_graph.inspection import inspect as inspection
from acl_graph.plans.first_changes import change_data, exactly, first_changes
from acl_graph.tenant import Tenant
from acl_graph.vocabulary import Kind, Lens

SCHEMA_VERSION = 1
#: told what is being done and how far it is, 0 to 1
Told = Callable[[str, float], None]


@dataclass(frozen=True)
class Audit:
    """The answer of an audit. Frames are polars, `summary` is plain data."""

    access: Access
    policy: Policy
    sensitivity: Sensitivity
    sure: dict[Lens, LensReach]
    possible: dict[Lens, LensReach]
    findings: list[Finding]
    summary: dict[str, Any]

    @property
    def users(self) -> pl.DataFrame:
        """One row per person and lens: `principal`, `lens`, `items`, `sensitive_items`, `weight` and `..._possible`."""
        people = self.access.facts.people
        person = np.flatnonzero(people.kind_of_user == kind_code(Kind.USER))
        ids = people.names.ids.gather(people.node_of[person].astype(np.uint32)).alias("principal")
        parts = []
        for lens in Lens:
            columns = {}
            for suffix, reach in (("", self.sure[lens]), ("_possible", self.possible[lens])):
                for position, name in enumerate(("items", "sensitive_items", "weight")):
                    columns[name + suffix] = reach.per_user[person, position]
            parts.append(pl.DataFrame({"principal": ids, "lens": [lens.value] * len(person), **columns}))
        return pl.concat(parts).sort("principal", "lens")

    @property
    def scopes(self) -> pl.DataFrame:
        """One row per scope and lens: `scope`, `lens`, `users`, `guests`, `sensitive_items`, and the possible two."""
        facts = self.access.facts
        sensitive = scope_sums(self.access.sure, self.sensitivity)[:, 1]
        parts = [
            pl.DataFrame(
                {
                    "scope": facts.scopes.ids.alias("scope"),
                    "lens": [lens.value] * len(facts.scopes),
                    "users": self.sure[lens].users,
                    "guests": self.sure[lens].guests,
                    "sensitive_items": sensitive,
                    "users_possible": self.possible[lens].users,
                    "guests_possible": self.possible[lens].guests,
                }
            )
            for lens in Lens
        ]
        return pl.concat(parts).sort("scope", "lens")

    def write(self, directory: str | Path, *, force: bool = False, keep: Path | None = None) -> Path:
        """Write `summary.json`, the tables, the findings and `report.html`; whole or not at all, for the owner only.

        `force` replaces what an earlier answer put there and leaves everything else; `keep` is the export and stays.
        """
        from acl_graph.reports.audit_folder import write_audit

        return write_audit(self, Path(directory), force=force, keep=keep)

    def __repr__(self) -> str:
        return f"<Audit of {self.access.tenant.name!r}: {len(self.findings)} findings>"

    def _repr_html_(self) -> str:
        from acl_graph.reports.html import report

        return report(self)


def audit(tenant: Tenant | Access, policy: Policy | None = None, *, told: Told | None = None) -> Audit:
    """Run the whole analysis.

    Parameters
    ----------
    tenant
        What `read` returned, or an `Access` to it.
    policy
        What counts as sensitive and when findings speak; the default policy if None.
    told
        Called with a sentence and a fraction as the work goes on.
    """
    access = tenant if isinstance(tenant, Access) else Access(tenant)
    policy = policy or Policy()
    told = told or (lambda sentence, done: None)
    told("naming principals and scopes", 0.0)
    sensitivity = weigh(access.facts, policy)
    told("expanding groups and applying rules", 0.1)
    worlds = {"sure": access.sure, "possible": access.possible}
    reached: dict[str, dict[Lens, LensReach]] = {"sure": {}, "possible": {}}
    total = len(worlds) * len(Lens)
    for step, (world, lens) in enumerate((world, lens) for world in worlds for lens in Lens):
        told(f"computing who {VERBS[lens]} what ({ADVERBS[world]})", 0.3 + 0.5 * step / total)
        reached[world][lens] = bulk_reach(worlds[world], sensitivity.sums, lens)
    told("looking for findings", 0.8)
    context = Context(access, sensitivity, reached["sure"], policy)
    findings = find_all(access, sensitivity, reached["sure"], policy, context=context)
    told("looking for what to change first", 0.9)
    worst = exactly(context, find_worst_sites(access.sure, sensitivity, reached["sure"][Lens.OPEN]))
    sites = [site_data(access.sure, site) for site in worst]
    by_site = {site["site"]: site for site in sites}
    changes = [
        change_data(context, one, by_site[access.facts.sites[one.site.site]])
        for one in first_changes(context, worst, findings)
    ]
    told("adding up", 0.95)
    summary = summarise(access, policy, sensitivity, reached["sure"], reached["possible"], findings)
    summary |= {"worst_sites": sites, "first_changes": changes}
    told("done", 1.0)
    return Audit(access, policy, sensitivity, reached["sure"], reached["possible"], findings, summary)


ADVERBS = {"sure": "surely", "possible": "possibly"}
VERBS = {Lens.OPEN: "opens", Lens.LATENT: "could open", Lens.FIND: "finds", Lens.COPILOT: "lets Copilot use"}


def summarise(
    access: Access,
    policy: Policy,
    sensitivity: Sensitivity,
    sure: dict[Lens, LensReach],
    possible: dict[Lens, LensReach],
    findings: list[Finding],
) -> dict[str, Any]:
    """`summary.json`: plain data, the same for the same export."""
    severities = ("critical", "high", "medium", "low")
    counted = [finding for finding in findings if finding.confidence != "unsupported"]
    return {
        "schema_version": SCHEMA_VERSION,
        "inspection": inspection.inspect(access),
        "copilot_population": population(access),
        "files": {
            "listed": int(sensitivity.sums[:, 0].sum()),
            "sensitive": int(sensitivity.sums[:, 1].sum()),
            "unclassified": inspection.unclassified(access),
            "known": access.tenant.coverage.table("items").value if sensitivity.sums[:, 0].any() else "absent",
        },
        "lenses": {lens.value: _lens(access, sure[lens], possible[lens]) for lens in Lens},
        "findings": {
            "total": len(counted),
            "by_severity": {word: sum(f.severity == word for f in counted) for word in severities},
            "by_code": dict(sorted(_count(f.code for f in counted).items())),
            "unsupported": sorted({f.code for f in findings if f.confidence == "unsupported"}),
        },
        "policy": as_dict(policy),
    }


def _count(words: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def _lens(access: Access, sure: LensReach, possible: LensReach) -> dict[str, Any]:
    person = access.facts.people.kind_of_user == kind_code(Kind.USER)
    said: dict[str, Any] = {}
    for suffix, reach in (("", sure), ("_possible", possible)):
        per_user = reach.per_user[person]
        said |= {
            f"people{suffix}": int((per_user[:, 0] > 0).sum()),
            f"people_with_sensitive{suffix}": int((per_user[:, 1] > 0).sum()),
            f"pairs{suffix}": int(per_user[:, 0].sum()),
            f"sensitive_pairs{suffix}": int(per_user[:, 1].sum()),
            f"weight{suffix}": int(per_user[:, 2].sum()),
            f"most_sensitive_files_of_one_person{suffix}": int(per_user[:, 1].max(initial=0)),
        }
    return said


def population(access: Access) -> dict[str, int]:
    """Who is in Copilot's population: people by licence, guests apart."""
    people = access.facts.people
    person = people.kind_of_user == kind_code(Kind.USER)
    outside = np.isin(people.home_of_user, (2, 3, 4))
    licence = people.licence[people.node_of]
    members = person & ~outside
    found = {word: int((members & (licence == code)).sum()) for code, word in enumerate(LICENCES)}
    return {"people": int(person.sum()), "outside": int((person & outside).sum()), **found}
