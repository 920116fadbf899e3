"""Tenant settings: `Get-SPOTenant`, `Get-PnPTenant`, the CLI's `spo tenant settings list`, and the Entra group setting.

One object in CSV or JSON becomes switches of the tenant. A setting that is not in the file stays not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from acl_graph.readers.parsing.records import Record, boolean, objects, parts, records, sample, text, words
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.readers.settings.spo_site import RESTRICTION_MODE, SHARING
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "tenant settings"
ABOUT = "tenant settings (Get-SPOTenant)"

#: at least two of these make a file a tenant's settings
TELLTALE = words(
    "enablerestrictedaccesscontrol showeveryoneclaim showallusersclaim showeveryoneexceptexternalusersclaim "
    "coresharingcapability odbsharingcapability onedrivesharingcapability informationbarrierssuspension "
    "ibimplicitgroupbased enableaipintegration marknewfilessensitivebydefault sharingdomainrestrictionmode "
    "defaultsharinglinktype requireacceptingaccountmatchinvitedaccount externaluserexpirationrequired "
    "onedriverestrictedaccesscontrolgroups"
)
#: property: (switch, what an explicit null means; None = the setting stays not known)
FLAGS: dict[str, tuple[str, bool | None]] = {
    "enablerestrictedaccesscontrol": ("restricted_access_control", None),
    "showeveryoneclaim": ("show_everyone_claim", None),
    # null is not the same as the documented default of true (rule P11)
    "showallusersclaim": ("guests_in_allusers", False),
    "informationbarrierssuspension": ("information_barriers_suspended", None),
    "ibimplicitgroupbased": ("ib_implicit_group_based", None),
    "enableaipintegration": ("aip_integration", None),
}
LEVELS = {
    "sharing": ("sharingcapability",),
    "core_sharing": ("coresharingcapability",),
    "onedrive_sharing": ("odbsharingcapability", "onedrivesharingcapability"),
}
_WORDS = {word.lower(): word for word in SHARING.values()}


def claims(file: Sniffed) -> str | None:
    """A tenant's settings object, or the directory setting that lets guests into the content of groups."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if "url" not in keys and len(keys & TELLTALE) >= 2:
        return "tenant"
    if "allowgueststoaccessgroups" in keys or _directory_setting(file):
        return "group settings"
    return None


def _directory_setting(file: Sniffed) -> bool:
    """Graph's `groupSettings`: a list of name and value pairs."""
    for setting in _settings(file.first):
        if any(fold(str(pair.get("name"))) == "allowgueststoaccessgroups" for pair in objects(setting.get("values"))):
            return True
    return False


def _settings(first: Any) -> list[dict[str, Any]]:
    if not isinstance(first, dict):
        return []
    inner = first.get("value")
    found = inner if isinstance(inner, list) else [first]
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("values"), list)]


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Take the switches. Two files that disagree: the first counts, and a note says so."""
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        for row, record in records(file, raw, "switches"):
            count += 1
            if isinstance(record.get("values"), list):
                pairs = objects(record["values"])
                record = {fold(str(pair.get("name"))): pair.get("value") for pair in pairs}
            _take(record, file.relative, row, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))


def _take(record: Record, file: str, row: int, raw: RawExport) -> None:
    for name, (switch, null) in FLAGS.items():
        if name not in record:
            continue
        said = boolean(record[name])
        if said is None and text(record, name) is not None:
            raw.reject("switches", file, row, f"{switch} is not a flag", value=str(record[name]), column=name)
            continue
        _set(raw, switch, null if said is None else said, file)
    for switch, names in LEVELS.items():
        level = text(record, *names)
        if level is None:
            continue
        word = SHARING.get(level) or _WORDS.get(level.lower())
        if word is None:
            raw.reject("switches", file, row, f"{switch} is not a sharing level", value=level, column=names[0])
        else:
            _set(raw, switch, word, file)
    mode = str(record.get("sharingdomainrestrictionmode") or "").strip().lower()
    mode = RESTRICTION_MODE.get(mode, mode)
    for wanted, name, switch in (
        ("allowlist", "sharingalloweddomainlist", "allowed_domains"),
        ("blocklist", "sharingblockeddomainlist", "blocked_domains"),
    ):
        if mode == wanted:
            domains = parts(record, name, joiners=" ,;|\n")
            if domains is None:
                raw.note(f"{file}: the domain restriction is {mode}, but its list is not in the export; not applied.")
            else:
                _set(raw, switch, [domain.lower() for domain in domains], file)
    marked = text(record, "marknewfilessensitivebydefault")
    if marked is not None:
        _set(raw, "mark_new_files_sensitive", marked.lower() in ("blockexternalsharing", "1"), file)
    guests = boolean(record.get("allowgueststoaccessgroups"))
    if guests is not None:
        _set(raw, "group_guest_access", guests, file)
    groups = parts(record, "onedriverestrictedaccesscontrolgroups", "onedriveaccessrestrictiongroups")
    if groups is not None:
        _set(raw, "onedrive_restricted_groups", [group.strip("{}").lower() for group in groups], file)


def _set(raw: RawExport, switch: str, value: Any, file: str) -> None:
    if value is None:
        return
    known = raw.switches.get(switch)
    if known is not None and known != value:
        raw.note(f"{file} says {switch} = {value}, an earlier file says {known}; the earlier one counts.")
        return
    raw.switches[switch] = value
