"""The switches of a tenant: what each may be. A switch of the wrong type would be believed and turn answers around.

What they mean is on the page about the tenant folder; the rules ask for them by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from acl_graph.errors import BadInput
from acl_graph.tenant.schema import FALSE, TRUE

SHARING = (
    "Disabled", "ExistingExternalUserSharingOnly", "ExternalUserSharingOnly", "ExternalUserAndGuestSharing",
)  # fmt: skip
FLAGS = (
    "restricted_access_control", "show_everyone_claim", "information_barriers_suspended", "group_guest_access",
    "mark_new_files_sensitive", "aip_integration", "restricted_search", "otp_guests_retired", "external_member_in_org",
    "guests_in_allusers", "rac_nested", "rac_applies_to_site_admins", "ib_implicit_group_based",
    "link_death_ends_redeemed", "anon_redeemed_surfaces", "viewonly_surfaces",
)  # fmt: skip
LISTS = ("allowed_domains", "blocked_domains", "onedrive_restricted_groups", "restricted_search_allowed")
WORDS = {
    "sharing": SHARING,
    "core_sharing": SHARING,
    "onedrive_sharing": SHARING,
    "copilot_billing": ("licensed", "payg", "unknown"),
    "rcd_recent_exception": ("yes", "no", "unk"),
    "readsecurity_bypass_bit": ("CancelCheckout", "ManageLists"),
}
#: questions that no answer of this program hangs on yet: known names, any value
ASIDE = (
    "org_link_disable_kills_existing", "org_expiry_shortens_existing", "authctx_surf", "lock_noaccess_find",
    "h13_cascade", "readsecurity_in_search", "group_owners_are_admins",
)  # fmt: skip
KNOWN = (*FLAGS, *LISTS, *WORDS, *ASIDE)


def read_switches(said: Any, file: str) -> tuple[dict[str, Any], list[str]]:
    """(switches with values of their types, sentences about names that nobody knows).

    A flag may be written as the word true or false, a list as one text joined by `;`, a word in any case.

    Raises
    ------
    BadInput
        A known switch has a value that it cannot have; the message names file, switch and what it may be.

    >>> read_switches({"restricted_search": "false", "sharing": "disabled"}, "tenant.toml")[0]
    {'restricted_search': False, 'sharing': 'Disabled'}
    """
    if not isinstance(said, Mapping):
        raise BadInput(f"{file}: [switches] must be a table of names and values.")
    switches: dict[str, Any] = {}
    strangers = []
    for name, value in said.items():
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            strangers.append(f"{file}: the switch {str(name)[:60]!r} is not known and changes nothing.{hint}")
            continue
        switches[name] = _value(name, value, file)
    return switches, strangers


def _value(name: str, value: Any, file: str) -> Any:
    word = value.strip().lower() if isinstance(value, str) else None
    if name in FLAGS:
        if isinstance(value, bool):
            return value
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise _wrong(file, name, value, "true or false")
    if name in LISTS:
        parts = value.split(";") if isinstance(value, str) else value
        if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
            return [part.strip() for part in parts if part.strip()]
        raise _wrong(file, name, value, "a list of texts")
    if name in WORDS:
        if name == "rcd_recent_exception" and isinstance(value, bool):
            word = "yes" if value else "no"
        found = next((one for one in WORDS[name] if one.lower() == word), None)
        if found is None:
            raise _wrong(file, name, value, " or ".join(WORDS[name]))
        return found
    return value


def _wrong(file: str, name: str, value: Any, may_be: str) -> BadInput:
    return BadInput(f"{file}: the switch {name} must be {may_be}, not {str(value)[:60]!r}.")
