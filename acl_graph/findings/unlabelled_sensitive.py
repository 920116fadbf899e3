"""Sensitive files without a label: no control that works by labels sees them."""

from __future__ import annotations

import numpy as np
import polars as pl

from acl_graph.exposure.analysis import Context
from acl_graph.exposure.policy import label_weights
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.safe_output.plurals import many

CODE = "unlabelled_sensitive"
TITLE = "Sensitive files carry no label"
WHY = (
    "Encryption, data loss prevention for Copilot and many other controls go by the label of the file. A label "
    "on the site "
    "does not label its files."
)
REMEDY = "Label the files (F22) and set a default label for the library (F23), which works for new files only."
SEVERITY_NOTE = "Sensitive weight of these places times the people who open them."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Per site: files with sensitive information types and no label, and unlabelled files of a site with a "
    "sensitive label."""
    facts, tenant = context.facts, context.facts.tenant
    if not context.known("items", "label"):
        return [unsupported(RULE, "items.label is missing, so every file looks unlabelled")]
    if not context.known("items", "info_types") and tenant["sites"]["label"].null_count() == tenant["sites"].height:
        return [
            unsupported(RULE, "items.info_types is missing, so sensitive files cannot be told without their labels")
        ]
    items = tenant["items"]
    code = facts.items.codes(items["id"])
    hits = (items["info_types"].list.len() > 0).fill_null(False).to_numpy()
    bare = items["label"].is_null().to_numpy()
    typed = np.zeros(len(facts.items), np.bool_)
    unlabelled = np.zeros(len(facts.items), np.bool_)
    typed[code], unlabelled[code] = hits & bare, bare
    site_label = np.zeros(len(facts.sites) + 1, np.bool_)
    weights = np.append(label_weights(facts, context.policy), 0)
    site_label[facts.sites.codes(tenant["sites"]["id"])] = weights[facts.labels.codes(tenant["sites"]["label"])] > 0
    site_label[-1] = False
    concerned = typed | (unlabelled & site_label[facts.item_site])
    concerned &= (facts.item_site >= 0) & (facts.item_scope >= 0)
    at = np.flatnonzero(concerned)
    sites, of = np.unique(facts.item_site[at], return_inverse=True)
    pairs = np.unique(np.stack([of, facts.item_scope[at]]), axis=1) if len(at) else np.zeros((2, 0), np.int64)
    score = np.zeros(len(sites), np.int64)
    np.add.at(score, pairs[0], context.open_score[pairs[1]])
    files = pl.DataFrame({"of": of, "count": facts.item_count[at], "typed": typed[at]})

    def build(number: int) -> Case | None:
        site = int(sites[number])
        mine = files.filter(pl.col("of") == number)
        typed_files = int(mine.filter("typed")["count"].sum())
        rest = int(mine["count"].sum()) - typed_files
        said = [f"{many(typed_files, 'file')} with sensitive information"] if typed_files else []
        said += [f"{many(rest, 'more file')} of a site that is labelled sensitive" if typed_files else
                 f"{many(rest, 'file')} of a site that is labelled sensitive"] if rest else []  # fmt: skip
        first = int(at[of == number][0])
        row = int(np.flatnonzero(code == first)[0])
        return Case(
            identity=(facts.sites[site],),
            what=f"{' and '.join(said)} carry no label in {context.site_name(site)}.",
            scopes=np.unique(pairs[1][pairs[0] == number]).astype(np.int64),
            row=("items", row),
            sites=(site,),
        )

    return report(context, RULE, score, build)
