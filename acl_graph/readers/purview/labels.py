"""Sensitivity labels with their protection (`Get-Label`, Graph), and data loss prevention rules for Copilot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from acl_graph.readers.identity.principals import People
from acl_graph.readers.parsing.records import (
    Found,
    Record,
    Where,
    boolean,
    cover,
    objects,
    records,
    sample,
    text,
    words,
)
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.readers.purview.copilot_rules import copilot_rules
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "labels"
ABOUT = "sensitivity labels and Copilot rules"

LABEL = words("guid immutableid")
LABEL_MORE = words("contenttype labelactions encryptionenabled parentid parentlabelname")
GRAPH_LABEL = words("hasprotection isappliable sensitivity applicationmode")
POLICY = words("enforcementplanes locations")
RULE = words("advancedrule restrictaccess")
_PROTECTION = {"template": "admin", "userdefined": "user_defined", "doublekey": "double_key"}


def claims(file: Sniffed) -> str | None:
    """Labels by a GUID and a priority, rules and policies by the properties that only they have."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if "priority" in keys and keys & LABEL and keys & LABEL_MORE:
        return "labels"
    if "id" in keys and len(keys & GRAPH_LABEL) >= 2:
        return "labels"
    if keys & RULE and keys & {"parentpolicyname", "policy", "policyname"}:
        return "rules"
    return "policies" if keys >= POLICY else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add labels, rights and, where a rule has its policy, the labels that Copilot must not process."""
    found = Found()
    people = People(raw)
    rules: list[tuple[Record, Where]] = []
    policies: list[tuple[Record, Where]] = []
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        for row, record in records(file, raw, "labels"):
            count += 1
            where = (file.relative, row)
            if dataset == "labels":
                _label(record, where, found, people, raw)
            else:
                (rules if dataset == "rules" else policies).append((record, where))
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    copilot_rules(rules, policies, found, people, raw)
    people.describe(found, raw, "The labels")
    found.hand_over(raw, NAME)
    kinds = {dataset for _, dataset in files}
    if "labels" in kinds:
        protected = "label_rights" in found and "rights" in found.frame("label_rights").columns
        encrypting = "true" in found.frame("labels")["encrypts"]
        cover(raw, {"labels": "complete", "label_rights": "complete" if protected or not encrypting else "absent"})
    if {"rules", "policies"} <= kinds:
        cover(raw, {"copilot_dlp": "complete"})


def _label(record: Record, where: Where, found: Found, people: People, raw: RawExport) -> None:
    name = text(record, "guid", "immutableid", "id")
    if name is None:
        raw.reject("labels", *where, "label has no id", value=text(record, "displayname", "name") or "")
        return
    settings = _encrypt_action(record)
    encrypts = boolean(record.get("encryptionenabled"))
    if encrypts is None and settings is not None:
        encrypts = boolean(settings.get("disabled")) is not True
    if encrypts is None:
        encrypts = boolean(record.get("hasprotection"))
    kind = fold(text(record, "encryptionprotectiontype") or str((settings or {}).get("protectiontype") or ""))
    double = text(record, "encryptiondoublekeyencryptionurl") or (settings or {}).get("doublekeyencryptionurl")
    protection = "double_key" if double else _PROTECTION.get(kind)
    if kind == "removeprotection":
        encrypts = False
    found.row(
        "labels", where, id=name, name=text(record, "displayname", "name"), encrypts=encrypts,
        rank=text(record, "priority", "sensitivity"), protection=protection if encrypts else None,
    )  # fmt: skip
    definitions = record.get("encryptionrightsdefinitions") or (settings or {}).get("rightsdefinitions")
    for identity, rights in _rights(definitions) if encrypts else ():
        who = _identity(identity, people, where)
        found.row("label_rights", where, label=name, principal=who, rights=rights)


def _identity(identity: str, people: People, where: Where) -> str:
    """A mail address, a domain, or everybody who signs in."""
    if fold(identity) in ("authenticatedusers", "anyauthenticateduser"):
        return "authenticated_users"
    if "@" in identity:
        return people.find(identity) or identity.lower()
    if "." in identity:
        return people.object(identity.lower(), where, kind="domain", name=identity)
    return people.find(identity) or identity


def _rights(definitions: Any) -> Iterator[tuple[str, list[str]]]:
    """(identity, rights) of `a@x:VIEW,EDIT;b@x:VIEW`, of that as a list, or of a JSON list of objects."""
    if isinstance(definitions, str) and definitions.strip()[:1] in "[{":
        try:
            definitions = msgspec.json.decode(definitions)
        except msgspec.DecodeError:
            definitions = definitions.strip("[]{}")
    several = definitions if isinstance(definitions, list) else str(definitions or "").split(";")
    for one in several:
        if isinstance(one, dict):
            folded = {fold(str(key)): value for key, value in one.items()}
            identity, rights = str(folded.get("identity") or ""), folded.get("rights")
            listed = rights if isinstance(rights, list) else str(rights or "").split(",")
        else:
            identity, _, joined = str(one).rpartition(":")
            listed = joined.split(",")
        if identity.strip():
            yield identity.strip(), [str(right).strip().upper() for right in listed if str(right).strip()]


def _encrypt_action(record: Record) -> dict[str, Any] | None:
    """The settings of the encrypt action among `LabelActions`, which is JSON text inside a list."""
    actions = record.get("labelactions")
    if isinstance(actions, str):
        try:
            actions = msgspec.json.decode(actions)
        except msgspec.DecodeError:
            return None
    for action in actions if isinstance(actions, list) else [actions]:
        if isinstance(action, str):
            try:
                action = msgspec.json.decode(action)
            except msgspec.DecodeError:
                continue
        if isinstance(action, dict) and fold(str(action.get("Type"))) == "encrypt":
            return {fold(str(one.get("Key"))): one.get("Value") for one in objects(action.get("Settings"))}
    return None
