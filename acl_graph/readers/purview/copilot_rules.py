"""Data loss prevention rules for Copilot: which labels they keep out of answers, for whom, and how surely.

A rule's condition is a tree of And, Or and Not (`AdvancedRule`, Exchange's New-DlpComplianceRule). Of its leaves only
sensitivity labels can be held against an export, so the tree is asked for each label it names, in three values: it
holds, it does not, or that hangs on something the export does not have, such as a sensitive information type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from acl_graph.readers.identity.principals import People
from acl_graph.readers.parsing.records import (
    LOST_COLLECTION,
    Found,
    Record,
    Where,
    boolean,
    listed,
    mapping,
    objects,
    text,
)
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

#: Copilot's enforcement plane, and the two spellings of its location (New-DlpCompliancePolicy; the second is seen only)
PLANE = "copilotexperiences"
LOCATIONS = ("470f2276-e011-4e9d-a6ec-20768be3a4b0", "copilot.m365")
EVERYBODY = ("all", "tenant")
CONTENT = "contentcontainssensitiveinformation"
NO, MAYBE, YES = range(3)
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)

Rows = Sequence[tuple[Record, Where]]


def copilot_rules(rules: Rows, policies: Rows, found: Found, people: People, raw: RawExport) -> None:
    """Rows of `copilot_dlp` for every rule that keeps labelled files from Copilot, and reasons for the others."""
    known = {
        fold(name): policy
        for policy, _ in policies
        for name in (text(policy, "name"), text(policy, "guid"), text(policy, "immutableid"))
        if name
    }
    names = _label_names(found)
    asleep = homeless = others = 0
    for rule, where in rules:
        name = text(rule, "parentpolicyname", "policyname", "policy") or ""
        policy = known.get(fold(name))
        if policy is None:
            homeless += 1
        elif _lost(policy, "locations") and not _for_copilot(policy):
            raw.reject("copilot_dlp", *where, "whom and what its policy is for was lost in the export", value=name)
        elif _for_copilot(policy) and _lost(rule, "restrictaccess"):
            raw.reject("copilot_dlp", *where, "what this rule for Copilot does was lost in the export", value=name)
        elif _for_copilot(policy) and not _keeps_out(rule):
            others += 1
        elif _for_copilot(policy):
            awake = _awake(rule, policy)
            asleep += awake == NO
            if awake != NO:
                _rule(name, rule, policy, awake, where, names, found, people, raw)
    if asleep:
        raw.note(f"{asleep:,} rules for Copilot are switched off or only tested; left out.")
    if others:
        raw.note(f"{others:,} rules for Copilot look at prompts or only warn: they keep no file out, and are left out.")
    if homeless:
        raw.note(
            f"{homeless:,} data loss prevention rules have no policy in the export (Get-DlpCompliancePolicy); whether "
            "they are for Copilot is not known, and they hold nothing back here."
        )


def _rule(
    policy_name: str,
    rule: Record,
    policy: Record,
    awake: int,
    where: Where,
    names: dict[str, str | None],
    found: Found,
    people: People,
    raw: RawExport,
) -> None:
    condition = _condition(rule)
    labels = sorted(set(_named(condition, names)))
    shown = text(rule, "name", "displayname") or policy_name
    strangers = list(_unnamed(condition, names))
    for label in strangers:
        raw.reject("copilot_dlp", *where, "label of this rule is named, and the export has no one label of that name",
                   value=label)  # fmt: skip
    if not labels and not strangers:
        raw.reject("copilot_dlp", *where, "rule for Copilot names no label", value=shown)
    if _holds(condition, None, names) != NO and labels:
        raw.reject(
            "copilot_dlp", *where, "rule for Copilot may hold for any label; only those it names are kept",
            value=shown,
        )  # fmt: skip
    doubtful = awake == MAYBE
    for label in labels:
        holds = min(awake, _holds(condition, label, names))
        doubtful |= holds == MAYBE
        for identity, effect in _scope(policy) if holds != NO else ():
            if effect == "include" and holds == MAYBE:
                effect = "possibly"
            who = None if identity is None else people.find(identity) or identity
            found.row("copilot_dlp", where, policy=policy_name, label=label, principal=who, effect=effect)
    if doubtful:
        raw.note(
            f"The Copilot rule {shown} has conditions, exceptions or a mode that an export cannot evaluate: it counts "
            "where it narrows, and not where it would have to."
        )


def _for_copilot(policy: Record) -> bool:
    return PLANE in _flat(policy.get("enforcementplanes")) or any(_copilot_locations(policy))


def _lost(record: Record, column: str) -> bool:
    """Whether a collection was saved as the name of its type (`System.Object[]`), as Export-Csv does."""
    return LOST_COLLECTION.match(str(record.get(column) or "").strip()) is not None


def _keeps_out(rule: Record) -> bool:
    """Whether the rule excludes content from processing; others only warn, or look at prompts."""
    restricts = _flat(rule.get("restrictaccess"))
    return "excludecontentprocessing" in restricts and "block" in restricts


def _awake(rule: Record, policy: Record) -> int:
    """Whether the rule acts: it is not disabled, its policy is on and enforced. A mode in numbers is not known."""
    if boolean(rule.get("disabled")) or boolean(policy.get("enabled")) is False:
        return NO
    modes = [fold(text(policy, "mode") or "enable"), fold(text(rule, "mode") or "enforce")]
    if any(mode.isdigit() for mode in modes):
        return MAYBE
    return YES if modes[0] == "enable" and modes[1] in ("enforce", "enable") else NO


# --- for whom ---------------------------------------------------------------------------------------------------------


def _copilot_locations(policy: Record) -> Iterator[dict[str, Any]]:
    """Those of a policy's locations that are Copilot's; one policy may have others beside them."""
    decoded = _decoded(policy.get("locations"))
    for location in decoded if isinstance(decoded, list) else [decoded]:
        if isinstance(location, str):
            location = _decoded(location)
        if isinstance(location, dict):
            folded = {fold(str(key)): value for key, value in location.items()}
            if str(folded.get("location", "")).strip("{} ").lower() in LOCATIONS:
                yield folded


def _scope(policy: Record) -> Iterator[tuple[str | None, str]]:
    """(identity, effect) of Copilot's location; None is everybody. Without inclusions the policy is for everybody."""
    included = False
    for location in _copilot_locations(policy):
        for key, effect in (("inclusions", "include"), ("exclusions", "exclude")):
            for one in listed(location.get(key)):
                identity = _identity(one)
                if identity is not None:
                    included |= effect == "include"
                    everybody = identity.lower() in EVERYBODY
                    if not (everybody and effect == "exclude"):
                        yield (None if everybody else identity), effect
    if not included:
        yield None, "include"


def _identity(one: Any) -> str | None:
    """Whom an inclusion names: `{"Type": "Tenant", "Identity": "All"}`, a group, or a person."""
    if not isinstance(one, dict):
        return str(one).strip() or None
    folded = {fold(str(key)): str(value or "").strip() for key, value in one.items()}
    named = folded.get("identity") or folded.get("id") or folded.get("name") or folded.get("displayname")
    return "All" if folded.get("type", "").lower() == "tenant" else named or None


# --- for which labels -------------------------------------------------------------------------------------------------


def _condition(rule: Record) -> Any:
    """The rule's whole condition: the advanced tree or the plain property, less its exceptions."""
    parts: list[Any] = []
    advanced = mapping(_decoded(rule.get("advancedrule")))
    if advanced:
        folded = {fold(str(key)): value for key, value in advanced.items()}
        parts.append(folded.get("condition", folded))
    if rule.get(CONTENT):
        parts.append({"ConditionName": CONTENT, "Value": _decoded(rule[CONTENT])})
    if rule.get("advancedrule") and not advanced:
        parts.append({"ConditionName": "unreadable"})
    for name, value in rule.items():
        if name.startswith("exceptif") and value not in (None, "", [], {}, "{}"):
            parts.append({"Operator": "Not", "SubConditions": [{"ConditionName": name, "Value": _decoded(value)}]})
    return {"Operator": "And", "SubConditions": parts}


def _holds(condition: Any, label: str | None, names: dict[str, str | None]) -> int:
    """Whether the condition holds for a file of this label; None is a file whose label the rule does not name."""
    folded = {fold(str(key)): value for key, value in mapping(condition).items()}
    inner = folded.get("subconditions", folded.get("subcondition"))
    operator = fold(str(folded.get("operator") or "and"))
    if inner is not None:
        held = [_holds(one, label, names) for one in (inner if isinstance(inner, list) else [inner])]
        return _joined(held, operator)
    if fold(str(folded.get("conditionname") or CONTENT)) != CONTENT:
        return MAYBE
    return _content(folded.get("value"), label, names)


def _content(value: Any, label: str | None, names: dict[str, str | None]) -> int:
    """A leaf about content: groups of labels and of sensitive information types, each with its own operator."""
    held = []
    for one in value if isinstance(value, list) else [value]:
        folded = {fold(str(key)): part for key, part in mapping(one).items()}
        groups = folded.get("groups")
        inner = [_group(group, label, names) for group in objects(groups)] or [_group(one, label, names)]
        held.append(_joined(inner, fold(str(folded.get("operator") or "and"))))
    return _joined(held, "or")


def _group(group: Any, label: str | None, names: dict[str, str | None]) -> int:
    folded = {fold(str(key)): part for key, part in mapping(group).items()}
    held = []
    for key, part in folded.items():
        if key == "labels":
            held += [YES if guid is not None and guid == label else NO for guid in _guids(part, names)]
        elif isinstance(part, list) and part:
            held.append(MAYBE)  # sensitive information types, trainable classifiers
    return _joined(held, fold(str(folded.get("operator") or "or"))) if held else MAYBE


def _joined(held: Sequence[int], operator: str) -> int:
    if operator == "not":
        return YES - max(held, default=NO)
    return (max if operator == "or" else min)(held, default=YES)


def _each(condition: Any, take: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    """What `take` finds in every list of labels of a condition, however deep."""
    if isinstance(condition, list):
        for one in condition:
            yield from _each(one, take)
    elif isinstance(condition, dict):
        for key, value in condition.items():
            yield from take(value) if fold(str(key)) == "labels" else _each(value, take)


def _named(condition: Any, names: dict[str, str | None]) -> Iterator[str]:
    """Every label that a condition names, by id."""
    return _each(condition, lambda value: (guid for guid in _guids(value, names) if guid))


def _unnamed(condition: Any, names: dict[str, str | None]) -> Iterator[str]:
    """What stands among the labels and is no label of the export."""
    return _each(condition, lambda value: (_said(one) for one in listed(value) if _guid(one, names) is None))


def _guids(value: Any, names: dict[str, str | None]) -> list[str | None]:
    return [_guid(one, names) for one in listed(value)]


def _guid(one: Any, names: dict[str, str | None]) -> str | None:
    said = " ".join(str(value) for value in one.values()) if isinstance(one, dict) else str(one)
    guid = _GUID.search(said)
    return guid[0].lower() if guid else names.get(fold(_said(one)))


def _said(one: Any) -> str:
    folded = {fold(str(key)): value for key, value in mapping(one).items()}
    return str(folded.get("name") or folded.get("id") or "") if isinstance(one, dict) else str(one)


def _label_names(found: Found) -> dict[str, str | None]:
    """Folded display name -> id of the labels of the export; None where a name is two labels' (format trap 35)."""
    names: dict[str, str | None] = {}
    for label, said in found.frame("labels").select("id", "name").iter_rows():
        name, guid = fold(said or ""), label.lower()
        names[name] = guid if names.get(name, guid) == guid else None
    return names


def _decoded(said: Any) -> Any:
    if isinstance(said, str):
        try:
            return msgspec.json.decode(said)
        except (msgspec.DecodeError, RecursionError):
            return None
    return said


def _flat(said: Any) -> str:
    return (said if isinstance(said, str) else str(said or "")).lower()
