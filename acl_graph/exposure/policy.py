"""Sensitivity times reach: which files are sensitive and what they weigh, by a policy anyone can read and change."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acl_graph.errors import BadPolicy
from acl_graph.indexed.ids import whole
from acl_graph.indexed.indexed_tenant import Facts

#: more would not fit into the sums of weight times files times people that are made of it
MOST_WEIGHT = 1_000_000
Weight = Annotated[int, Field(ge=0, le=MOST_WEIGHT)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=100_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SensitivityRules(_Strict):
    """What makes a file sensitive."""

    labels_from_upper_half: bool = True
    label_words: tuple[str, ...] = ("confidential", "secret")
    info_types: bool = True
    paths: tuple[str, ...] = ()


class Weights(_Strict):
    """What each reason weighs; a file weighs what its strongest reason says."""

    label_word: Weight = 5
    label_upper_half: Weight = 5
    label_highest: Weight = 10
    info_type: Weight = 3
    path: Weight = 3


class Thresholds(_Strict):
    """When a finding speaks."""

    broad_share: float = Field(0.5, gt=0, le=1, allow_inf_nan=False)
    oversized_group: Count = 1000
    stale_days: Days = 180
    dormant_days: Days = 90
    many_admins: Count = 5
    detail: Count = 5


class Policy(_Strict):
    """The whole policy; `Policy()` is the default and equals `acl_graph/exposure/policy.toml`."""

    sensitivity: SensitivityRules = SensitivityRules()
    weights: Weights = Weights()
    thresholds: Thresholds = Thresholds()  # type: ignore[call-arg]

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file. Raises BadPolicy, which names the key that is wrong."""
        try:
            with Path(path).open("rb") as stream:
                return cls.model_validate(tomllib.load(stream))
        except OSError as error:
            raise BadPolicy(f"The policy {path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise BadPolicy(f"The policy {path} is not UTF-8 text.") from None
        except tomllib.TOMLDecodeError as error:
            raise BadPolicy(f"The policy {path} is not valid TOML: {error}.") from None
        except ValidationError as error:
            raise BadPolicy(f"The policy {path}: {_complaint(error.errors()[0])}.") from None


#: what a value should have been, by the beginning of the word that pydantic has for what is wrong with it
_EXPECTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "tuple": 'a list of texts, such as ["payroll"]',
    "string": "a text in quotes",
    "model": "a section, such as [weights]",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
}


def _complaint(error: Any) -> str:
    """One thing that is wrong with a policy, in our own words."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        section = Policy.model_fields.get(str(error["loc"][0])) if len(error["loc"]) > 1 else None
        known = section.annotation.model_fields if section else Policy.model_fields  # type: ignore[union-attr]
        return f"there is no {where}; known are {', '.join(known)}"
    kind = next((word for word in sorted(_EXPECTED, key=len, reverse=True) if error["type"].startswith(word)), None)
    expected = _EXPECTED[kind].format(**error.get("ctx", {})) if kind else "something else"
    return f"{where} must be {expected}, not {str(error['input'])[:40]!r}"


def default_policy_text() -> str:
    """The commented default policy, to start one's own from."""
    return files("acl_graph.exposure").joinpath("policy.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Sensitivity:
    """Every item row weighed. `sums` int64[I, 3]: files, sensitive files, weight - what bulk reach adds up.

    `sensitive` bool[I] · `weight` int64[I] per file · `reason` a word per item ("" where it is not sensitive).
    """

    sensitive: NDArray[np.bool_]
    weight: NDArray[np.int64]
    reason: NDArray[np.str_]
    sums: NDArray[np.int64]


def weigh(facts: Facts, policy: Policy) -> Sensitivity:
    """Apply a policy to every item."""
    n = len(facts.items)
    weight = np.zeros(n, np.int64)
    sensitive = np.zeros(n, np.bool_)
    reason = np.full(n, "", dtype="<U12")
    rules, weights = policy.sensitivity, policy.weights

    def mark(which: NDArray[np.bool_], word: str, heavy: NDArray[np.int64] | int) -> None:
        better = which & (np.broadcast_to(heavy, n) > weight)
        reason[which & (better | (reason == ""))] = word
        weight[which] = np.maximum(weight, heavy)[which]
        sensitive[which] = True

    items = facts.tenant["items"]
    code = facts.items.codes(items["id"])
    if rules.paths:
        pattern = "|".join(_pattern(path) for path in rules.paths)
        hit = np.zeros(n, np.bool_)
        hit[code] = items["path"].str.to_lowercase().str.contains(pattern).fill_null(False).to_numpy()
        mark(hit, "path", weights.path)
    if rules.info_types:
        hit = np.zeros(n, np.bool_)
        hit[code] = (items["info_types"].list.len() > 0).fill_null(False).to_numpy()
        mark(hit, "info_type", weights.info_type)
    label_weight = np.append(label_weights(facts, policy), 0)[facts.item_label]
    mark((label_weight > 0) & (facts.item_label >= 0), "label", label_weight)
    count = facts.item_count
    sums = np.stack([count, count * sensitive, count * weight], axis=1).astype(np.int64)
    return Sensitivity(sensitive, weight, reason, np.ascontiguousarray(sums))


def label_weights(facts: Facts, policy: Policy) -> NDArray[np.int64]:
    """What each label weighs, int64[labels]; 0 where it is not sensitive.

    The upper half of n distinct ranks are those at positions n/2 and above, counted from 0. A label that is named and
    not described counts as one of them: that nobody exported its rank does not make a file harmless.
    """
    labels = facts.tenant["labels"]
    code = facts.labels.codes(labels["id"])
    found = np.zeros(len(facts.labels), np.int64)
    rules, weights = policy.sensitivity, policy.weights
    if rules.labels_from_upper_half:  # a label that no row describes may have any rank
        found[np.setdiff1d(np.arange(len(found)), code)] = weights.label_upper_half
    ranks = np.unique(whole(labels["rank"].drop_nulls(), 0))
    rank = whole(labels["rank"], -1)
    if rules.labels_from_upper_half and len(ranks):
        upper = ranks[int(np.ceil(len(ranks) / 2)) :]
        inside = np.isin(rank, upper) & labels["rank"].is_not_null().to_numpy()
        found[code[inside]] = weights.label_upper_half
        highest = inside & (rank == ranks[-1])
        found[code[highest]] = max(weights.label_highest, weights.label_upper_half)
    words = [word.lower() for word in rules.label_words]
    name = pl.coalesce("name", "id").str.to_lowercase()
    named = (
        labels.select(pl.any_horizontal([name.str.contains(word, literal=True) for word in words])).to_series()
        if (words)
        else pl.Series([False] * labels.height)
    )
    spoken = named.fill_null(False).to_numpy().astype(np.bool_)
    found[code[spoken]] = np.maximum(found[code[spoken]], weights.label_word)
    return found


def _pattern(path: str) -> str:
    import re

    return "^" + re.escape(path.lower()).replace(r"\*", ".*") + "$"


def as_dict(policy: Policy) -> dict[str, Any]:
    """The policy as plain data, for `summary.json`."""
    return policy.model_dump(mode="json")
