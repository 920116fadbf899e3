"""Links that nobody has used for long, and links that have ended and still stand."""

from __future__ import annotations

import numpy as np
import polars as pl

from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Bools, Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.usage_evidence import confidence, since, used_since
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "stale_link"
TITLE = "A sharing link that nobody needs any more still stands"
WHY = "An old link is access that nobody thinks of. One that has ended comes back to life if its end is moved."
REMEDY = "Delete the link."
SEVERITY_NOTE = (
    "Weight times people who lose access; those one forwarded address away count a tenth. Ended links are low."
)
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Ended links that still stand; links made before the stale days that none of their people used since."""
    facts, tenant = context.facts, context.facts.tenant
    if tenant["links"].is_empty() and not tenant.coverage.complete("links"):
        return [unsupported(RULE, "links are missing")]
    days = context.policy.thresholds.stale_days
    sure = confidence(context)
    ended = np.zeros(tenant["links"].height, np.bool_)
    unused = np.zeros(tenant["links"].height, np.bool_)
    if facts.now is not None:
        ended = tenant["links"].select((pl.col("expires") <= facts.now).fill_null(False)).to_series().to_numpy().copy()
    if sure is not None:
        old = tenant["links"].select((pl.col("created") < since(context, days)).fill_null(False)).to_series().to_numpy()
        unused = old & ~ended & ~_used(context, days)
    stands = np.zeros(len(facts.links), np.bool_)
    named = facts.links.codes(tenant["grants"]["link"].drop_nulls().unique())
    stands[named[named >= 0]] = True
    codes = np.flatnonzero((ended | unused) & stands[: len(ended)])
    granted = tenant["grants"].select("scope", "link").drop_nulls("link")
    scope, link = facts.scopes.codes(granted["scope"]), facts.links.codes(granted["link"])
    total = np.zeros(len(facts.links), np.int64)
    np.add.at(total, link, context.latent_score[scope])
    score = np.where(ended[codes], 0, total[codes])

    def build(number: int) -> Case | None:
        code = int(codes[number])
        scopes = np.unique(scope[link == code]).astype(np.int64)
        frame = tenant["links"]
        if ended[code]:
            said = (
                f"A link on {context.place(int(scopes[0]))} ended on {frame['expires'][code]:%Y-%m-%d} and still stands"
            )
        else:
            said = (
                f"A link on {context.place(int(scopes[0]))}, made on {frame['created'][code]:%Y-%m-%d}, was "
                f"used by none "
            )
            said += f"of its people for {days:,} days and still works"
        return Case(
            identity=(facts.links[code],),
            what=f"{said} in {many(len(scopes), 'place')} with "
            f"{many(int(context.sums[scopes, 1].sum()), 'sensitive file')}.",
            scopes=scopes,
            row=("links", code),
            change=fixes.remove_link(context, code),
            lens=Lens.LATENT,
            closes=False,
            confidence="sure" if ended[code] else str(sure),
        )

    found = report(context, RULE, score, build)
    if sure is None:
        found.append(unsupported(RULE, "usage is missing, so only links that have ended are known to be stale"))
    return found


def _used(context: Context, days: int) -> Bools:
    """Links that one of their people has used in the last days: opened a file of a place the link stands on."""
    facts, tenant = context.facts, context.facts.tenant
    usage = used_since(context, days)
    item = facts.items.codes(usage["item"])
    used = pl.DataFrame(
        {"user": facts.principals(usage["principal"]), "scope": np.append(facts.item_scope, -1)[item]}
    ).unique()
    grants = tenant["grants"].select("scope", "link").drop_nulls("link")
    stands = pl.DataFrame({"scope": facts.scopes.codes(grants["scope"]), "link": facts.links.codes(grants["link"])})
    people = pl.DataFrame(
        {
            "link": facts.links.codes(tenant["link_users"]["link"]),
            "user": facts.principals(tenant["link_users"]["principal"]),
        }
    )
    found = people.join(stands, on="link", how="inner").join(used, on=["user", "scope"], how="inner")["link"].unique()
    # a group among a link's people: use by anybody of the place counts, rather than call a used link unused
    groups = people.filter(pl.Series(facts.people.user_of[people["user"].to_numpy()] < 0))
    loosely = groups.join(stands, on="link", how="inner").join(used, on="scope", how="inner")["link"].unique()
    mask = np.zeros(len(facts.links), np.bool_)
    mask[found.to_numpy()] = True
    mask[loosely.to_numpy()] = True
    return mask[: tenant["links"].height]
