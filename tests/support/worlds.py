"""Small tenants made up at random or listed exhaustively, and the folder and frames that hold them.

A random world mixes every kind of principal, membership, link, site, gate and gap, whether or not anybody would set
them up together; `test_oracle.py` shows that every gate, step and level is met.
"""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tests.support.oracle import World

Row = dict[str, Any]

TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "flag": pl.Boolean(),
    "whole": pl.Int64(),
    "list": pl.List(pl.String()),
    "time": pl.Datetime("us", "UTC"),
}


def _columns(text: str) -> dict[str, str]:
    """'a b:flag' -> {'a': 'text', 'b': 'flag'}."""
    parts = [word.partition(":") for word in text.split()]
    return {name: kind or "text" for name, _, kind in parts}


#: the columns of every table of the tenant folder, with their types
COLUMNS: dict[str, dict[str, str]] = {
    table: _columns(text)
    for table, text in {
        "principals": "id kind name login home state copilot segments:list domain site of visibility role_template "
        "dynamic:flag synced:flag expanded:flag",
        "members": "group member role assignment",
        "sites": "id url title kind group related_group group_owners_are_admins:flag owner label hub sharing "
        "override_sharing:flag domains_allowed:list domains_blocked:list lock archive restricted_access:flag "
        "restricted_discovery:flag no_crawl:flag ib_mode segments:list conditional_access block_download:flag "
        "block_download_exempt:list app_restricted:flag files:whole",
        "site_restricted_groups": "site group",
        "site_admins": "site principal",
        "scopes": "id site kind path parent",
        "libraries": "id site scope path no_crawl:flag read_security:whole draft_visibility",
        "levels": "site web name mask",
        "grants": "scope principal level link",
        "links": "id audience origin expires:time created:time created_by password:flag",
        "link_users": "link principal how since:time",
        "items": "id scope library site path label info_types:list size:whole modified:time modified_by author owner "
        "protected_by major:whole minor:whole dlp:list scanned:flag archived:flag count:whole",
        "labels": "id name rank:whole encrypts:flag protection",
        "label_rights": "label principal rights:list",
        "item_rights": "item principal rights:list",
        "copilot_dlp": "policy label principal effect",
        "app_permissions": "app permission type",
        "guest_expiry": "site principal expires:time",
        "agent_users": "agent principal",
        "agent_files": "agent item of",
        "usage": "principal item action last:time events:whole actor",
    }.items()
}
#: no two rows of a table share these
KEYS: dict[str, tuple[str, ...]] = {
    "principals": ("id",),
    "members": ("group", "member", "role"),
    "sites": ("id",),
    "site_restricted_groups": ("site", "group"),
    "site_admins": ("site", "principal"),
    "scopes": ("id",),
    "libraries": ("id",),
    "levels": ("site", "web", "name"),
    "grants": ("scope", "principal", "level", "link"),
    "links": ("id",),
    "link_users": ("link", "principal"),
    "items": ("id",),
    "labels": ("id",),
    "label_rights": ("label", "principal"),
    "item_rights": ("item", "principal"),
    "copilot_dlp": ("policy", "label", "principal", "effect"),
    "app_permissions": ("app", "permission", "type"),
    "guest_expiry": ("site", "principal"),
    "agent_users": ("agent", "principal"),
    "agent_files": ("agent", "item"),
    "usage": ("principal", "item", "action"),
}

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AWAY = datetime(2031, 1, 1, tzinfo=UTC)
SHARING = ("Disabled", "ExistingExternalUserSharingOnly", "ExternalUserSharingOnly", "ExternalUserAndGuestSharing")
REAL_LEVELS = (
    "Read",
    "READ",
    "Edit",
    "Contribute",
    "write",
    "Full Control",
    "fullControl",
    "View Only",
    "restricted_view",
    "Restricted Read",
    "Design",
    "Approve",
    "Manage Hierarchy",
    "owner",
    "sp.read",
    "sp.full control",
    "Lesen",
    "Reader of Office",
    "no such level",
    "0xB008431061",
    "0x30001",
    "000000B008431041",
    "00007FFF0000FFFF",
    "0xFFFFFFFFFFFFFFFF",
)
LIMITED_LEVELS = ("Limited Access", "Web-Only Limited Access", "0x1", "0x1", "0x1008010000", "0x20", "submitOnly")
LINK_LEVELS = ("view", "edit", "view", "review", "blocksDownload", "embed", "submitOnly", "0x1", "0x10000")


class _Maker:
    """One world in the making: the dice, the tables, and who was made."""

    def __init__(self, seed: int, gates: bool) -> None:
        self.dice = random.Random(seed)
        self.gates = gates
        # 0: complete, with apps, the anonymous principal and guest rules; 1: gaps; 2: the undescribed, and agents.
        self.mode = seed % 3
        self.rules_in_doubt = seed % 4 == 1
        self.n_users = 4 + min(8, seed // 30)
        self.n_items = 5 + min(10, seed // 25)
        self.tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}
        self.switches: dict[str, Any] = {}
        self.coverage: dict[str, str] = {"default": "complete"}
        self.restricted_search = gates and self.chance(0.15)
        self.with_apps = self.chance(0.7 if self.mode == 0 else 0.25)
        self.with_roles = self.chance(0.4 if self.mode != 2 else 0.15)
        self.dates = self.dice.choice(["2026-06-03", "2026-06-03", "2026-07-15", "2026-10-01", None])
        self.snapshot = None if self.dates is None else datetime.fromisoformat(self.dates).replace(tzinfo=UTC)
        self.ghosts = ["ghost-group", "ghost@partner.example", "i:0#.f|membership|ghost"]

    def chance(self, odds: float) -> bool:
        return self.dice.random() < odds

    def one(self, *choices: Any) -> Any:
        return self.dice.choice(choices)

    def some(self, names: list[str], most: int) -> list[str]:
        return self.dice.sample(names, self.dice.randint(0, min(most, len(names))))

    def add(self, table: str, **cells: Any) -> Row:
        row = {name: cells.get(name) for name in COLUMNS[table]}
        self.tables[table].append(row)
        return row

    def ids(self, *kinds: str) -> list[str]:
        return [row["id"] for row in self.tables["principals"] if row["kind"] in kinds]

    def day(self, most: int) -> datetime:
        """A moment up to `most` days before the snapshot; never on a boundary of days."""
        base = self.snapshot or datetime(2026, 6, 3, tzinfo=UTC)
        return base - timedelta(days=self.dice.randint(0, most), hours=self.dice.randint(1, 20))

    # ------------------------------------------------------------ people and groups

    def make_principals(self) -> None:
        for number in range(self.n_users):
            self.make_user(f"u{number}")
        for number in range(3):
            self.add(
                "principals", id=f"sg{number}", kind="security_group", synced=self.one(None, False, self.chance(0.4))
            )
        self.add("principals", id="mesg0", kind="mail_security_group", synced=self.chance(0.2))
        self.add("principals", id="mesg1", kind="mail_security_group")
        self.add("principals", id="dg", kind="distribution_group")
        self.add("principals", id="partial", kind="security_group")
        for number in range(2):
            seen = self.one("public", "private", "private", "hidden", None)
            self.add("principals", id=f"m{number}", kind="m365_group", visibility=seen)
            self.add("principals", id=f"m{number}_o", kind="group_owners", of=f"m{number}")
        if self.with_roles:
            role = self.one("global_administrator", "sharepoint_administrator", "user_administrator")
            self.add("principals", id="role", kind="directory_role", role_template=role)
        self.add("principals", id="all", kind="everyone", login="c:0(.s|true")
        self.add("principals", id="eeeu", kind="everyone_except_external")
        self.add("principals", id="auth", kind="authenticated_users")
        self.add("principals", id="partner", kind="domain", domain="Partner.example")
        if self.with_apps:
            self.add("principals", id="app0", kind="app", state=self.one(None, "active", "active", "disabled"))
            self.add("principals", id="app1", kind="app")
            self.add("principals", id="anonymous", kind="anonymous")
        if self.mode == 2 and self.chance(0.5):
            row = self.add("principals", id="nameless", kind=self.one(None, "thing"), home=self.one(None, "guest"))
            row |= {"state": self.one(None, "deleted"), "segments": self.one(None, ["hr"])}
            self.ghosts.append("nameless")
        if self.chance(0.1):
            self.add("principals", id="lost_o", kind="group_owners", of="ghost-group")

    def make_user(self, name: str) -> None:
        homes = ["internal"] * 9 + [None, None, "external_member", "external_member", "channel_external"]
        homes += ["guest"] * 4 + ["otp_guest"]
        home = self.one(*homes)
        outside = home in ("guest", "otp_guest")
        states = ["active"] * 16 + [None] * 6 + ["disabled", "deleted"] + ["pending"] * (5 if outside else 1)
        where = self.one("partner.example", "PARTNER.example", "other.example", "bad.example")
        login = f"{name}@north.example"
        domain = None
        if outside:
            login = self.one(f"{name}_{where}#EXT#@north.example", f"{name}@{where}", None)
            domain = where if self.chance(0.4) else None
        self.add(
            "principals",
            id=name,
            kind="user",
            name=f"User {name}",
            login=login,
            home=home,
            domain=domain,
            state=self.one(*states),
            copilot=self.one("licensed", "licensed", "licensed", "licensed", "payg", "none", "unknown", None),
            segments=self.one(None, None, ["hr"], ["sales"], ["hr", "ops"]) if self.gates else None,
        )

    def make_members(self) -> None:
        users, apps = self.ids("user"), self.ids("app")
        security, mail = ["sg0", "sg1", "sg2"], ["mesg0", "mesg1"]
        unified, owners = ["m0", "m1"], ["m0_o", "m1_o"]
        claims = ["all", "eeeu", "auth"]
        inside: dict[str, list[str]] = {
            # edges that count, edges that may, edges that never do; circles arise by themselves
            **{
                name: security + mail + self.tilt([*unified, *owners, "spg0", "dg", "eeeu", "partner"])
                for name in security
            },
            **{name: mail + security + self.tilt([*unified, "dg"]) for name in mail},
            **{name: self.tilt([*security, *mail, *unified, *owners, "dg", "eeeu"]) for name in unified},
            **{name: self.tilt(["sg0", "mesg0"]) if self.chance(0.2) else [] for name in owners},
            "dg": [*security],
            "role": self.tilt([*security, *unified]),
        }
        for row in [p for p in self.tables["principals"] if p["kind"] == "sharepoint_group"]:
            others = [name for name in self.ids("sharepoint_group") if name != row["id"]]
            inside[row["id"]] = [
                *security,
                *mail,
                *unified,
                *owners,
                "eeeu",
                *self.tilt([*others, *claims, "dg", "role"]),
            ]
        for group, groups in inside.items():
            if not self.ids_has(group):
                continue
            people = users if group not in owners or self.chance(0.3) else []
            chosen = self.some(people, 3 + self.n_users // 3) + self.some(
                [name for name in groups if self.ids_has(name)], 2
            )
            if apps and self.chance(0.15):
                chosen.append(self.one(*apps))
            if self.ghostly(0.06):
                chosen.append(self.one(*self.ghosts))
            for member in chosen:
                late = self.chance(0.12)
                eligible = "eligible" if late else self.one(None, "active")
                self.add("members", group=group, member=member, role=self.one(None, "member"), assignment=eligible)
        for group in [*unified, *unified, "sg0"]:
            assignment = "eligible" if self.chance(0.1) else None
            owner = self.one(*users) if self.chance(0.9) else self.one("sg1", "mesg1", "eeeu", "m1", *self.ghosts)
            self.add("members", group=group, member=owner, role="owner", assignment=assignment)
        for member in self.some(users, 2):
            self.add("members", group="partial", member=member, role="member")
        if self.ghostly(0.1):
            self.add("members", group="ghost-group", member=self.one(*users), role="member")
            self.add("members", group="sg0", member="ghost-group", role="member")

    def tilt(self, names: list[str]) -> list[str]:
        """Edges that should be met now and then only."""
        return names if self.chance(0.35) else []

    def ids_has(self, name: str) -> bool:
        return any(row["id"] == name for row in self.tables["principals"])

    def ghostly(self, odds: float) -> bool:
        return self.chance(odds * (4 if self.mode == 2 else 0.5))

    # ------------------------------------------------------------ places

    def make_sites(self) -> None:
        kinds = ["team", "communication", "onedrive", "private_channel", "shared_channel", None, "other"]
        for number in range(3 + (self.n_users > 7)):
            kind = "team" if number == 0 else self.one(*kinds)
            site = f"s{number}"
            self.add(
                "sites",
                id=site,
                url=f"https://north.example/sites/{site}",
                kind=kind,
                group=self.one(*["m0", "m1"] * 6, "ghost-group", "sg0") if kind == "team" else None,
                related_group="m0" if kind in ("private_channel", "shared_channel") else None,
                group_owners_are_admins=self.one(None, True, True, False),
                owner=self.one(*self.ids("user"), None) if kind in ("onedrive", None) else None,
                hub=self.one(None, "s0") if number else None,
                label=self.one(None, "conf"),
            )
            for place in range(2):
                name = f"spg{2 * number + place}"
                self.add("principals", id=name, kind="sharepoint_group", site=site)
        self.make_scopes()
        if self.gates:
            for row in self.tables["sites"]:
                if self.chance(0.5):
                    for _ in range(self.one(1, 1, 1, 2)):
                        self.make_gate(row)

    def make_gate(self, site: Row) -> None:
        groups = ["sg0", "sg1", "m0", "m1"]
        gate = self.one(
            "lock", "archive", "sharing", "domains", "segments", "segments", "restricted", "restricted", "restricted",
            "discovery", "discovery", "crawl", "condition", "download", "apps",
        )  # fmt: skip
        if gate == "lock":
            site["lock"] = self.one("ReadOnly", "NoAccess", "ReadOnly", "Unlock")
        elif gate == "archive":
            site["archive"] = self.one("None", "NotArchived", "Archived", "InRecycleBin")
        elif gate == "sharing":
            site["sharing"] = self.one(*SHARING)
            site["override_sharing"] = self.one(None, False, True)
        elif gate == "domains":
            site[self.one("domains_allowed", "domains_blocked")] = self.one(["partner.example"], ["Bad.example", "x.y"])
        elif gate == "segments":
            site["ib_mode"] = self.one("Open", "Explicit", "Mixed", "Implicit", "OwnerModerated", "Explicit", "Other")
            site["segments"] = self.one(["hr"], ["sales", "hr"], None)
        elif gate == "restricted":
            site["restricted_access"] = True
            for group in self.some([*groups, *(["ghost-group"] if self.ghostly(0.05) else [])], 2):
                self.add("site_restricted_groups", site=site["id"], group=group)
        elif gate == "discovery":
            site["restricted_discovery"] = True
        elif gate == "crawl":
            site["no_crawl"] = True
        elif gate == "condition":
            site["conditional_access"] = self.one(
                "AllowFullAccess", "AllowLimitedAccess", "BlockAccess", "AuthenticationContext"
            )
        elif gate == "download":
            site["block_download"] = True
            site["block_download_exempt"] = self.some([*self.ids("user"), "sg0", "spg0", "m0"], 2) or None
        elif gate == "apps":
            site["app_restricted"] = True

    def make_scopes(self) -> None:
        for row in self.tables["sites"]:
            site = row["id"]
            top = f"{site}/web"
            self.add("scopes", id=top, site=site, kind=self.one("web", "web", None), path=f"/{site}")
            above = [top]
            for kind in ("web", "list", "folder", "item", "item"):
                if self.chance(0.35):
                    name = f"{site}/{kind}{len(above)}"
                    self.add("scopes", id=name, site=site, kind=kind, path=f"/{name}", parent=self.one(*above))
                    above.append(name)
        for row in self.tables["sites"]:
            site = row["id"]
            own = [scope["id"] for scope in self.tables["scopes"] if scope["site"] == site]
            self.add("levels", site=site, name="Lesen", mask="0xB008431061")
            if self.chance(0.4):
                self.add("levels", site=site, web=own[0], name="Reader of Office", mask="30001".zfill(16))
                self.add("levels", site=site, name="reader of  office", mask="0x1B03C4312EF")
            if self.chance(0.2):
                self.add("levels", site=site, web=self.one(*own), name="Read", mask=self.one("0x30001", "unreadable"))
            for name in own:
                # these hold for all items, past broken inheritance
                if self.chance(0.5):
                    self.add(
                        "libraries",
                        id=f"{name}/lib",
                        site=site,
                        scope=name,
                        path=f"/{name}/lib",
                        no_crawl=self.gates and self.chance(0.15),
                        read_security=self.one(1, None, None, 2) if self.gates else None,
                        draft_visibility=self.one(None, "Reader", "Author", "Approver") if self.gates else None,
                    )

    # ------------------------------------------------------------ who may

    def make_grants(self) -> None:
        users = self.ids("user")
        wide = ["eeeu", "eeeu", "all", "auth", "partner"]
        for site in self.tables["sites"]:
            if site["group"] and self.chance(0.3):
                continue  # nothing known of a group's own site: its owners and members are assumed
            if self.chance(0.3):
                self.add("site_admins", site=site["id"], principal=self.one(*users, "sg1", "m0_o"))
            if self.ghostly(0.05):
                self.add("site_admins", site=site["id"], principal=self.one(*self.ghosts))
            spg = [p["id"] for p in self.tables["principals"] if p["site"] == site["id"]]
            for scope in [s["id"] for s in self.tables["scopes"] if s["site"] == site["id"]]:
                groups = ["sg0", "sg1", "sg2", "mesg0", "mesg1", "dg", "m0", "m1", "m0_o", "m1_o", *spg, *spg]
                chosen = self.some(users, 3) + self.some(groups, 4)
                chosen += [self.one(*wide)] if self.chance(0.3) else []
                chosen += ["role"] if self.with_roles and self.chance(0.1) else []
                chosen += ["app0"] if self.with_apps and self.chance(0.2) else []
                chosen += [self.one(*self.ghosts)] if self.ghostly(0.03) else []
                for principal in chosen:
                    level = self.one(*REAL_LEVELS) if self.chance(0.6) else "Read"
                    self.add("grants", scope=scope, principal=principal, level=level)
                if self.chance(0.5):
                    for principal in self.some([*users, "partial", "sg0", "m0", "spg0"], 3):
                        self.add("grants", scope=scope, principal=principal, level=self.one(*LIMITED_LEVELS))
        self.make_links(users)
        if self.with_apps and self.chance(0.5):
            names = (
                "Sites.Read.All",
                "Files.Read.All",
                "Sites.Selected",
                "Sites.ReadWrite.All",
                "Sites.FullControl.All",
            )
            kind = self.one("application", "delegated")
            self.add("app_permissions", app="app1", permission=self.one(*names), type=kind)

    def make_links(self, users: list[str]) -> None:
        granted = {row["scope"] for row in self.tables["grants"]}
        for number in range(self.dice.randint(1, 6)):
            link = f"link{number}"
            at = self.one(*(self.tables["scopes"]))
            if at["id"] not in granted:
                continue
            expires = self.one(None, None, None, LONG_AGO, FAR_AWAY)
            audience = self.one(
                "anyone", "anyone", "organization", "organization", "people", "people", "existing", "team", None, None
            )
            described = not self.ghostly(0.06)
            if described:
                self.add(
                    "links",
                    id=link,
                    audience=audience,
                    origin=at["id"],
                    expires=expires,
                    created=self.day(300),
                    created_by=self.one(*users),
                    password=self.one(None, False, True),
                )
            places = [s["id"] for s in self.tables["scopes"] if s["parent"] == at["id"] and s["id"] in granted]
            places = places if self.chance(0.9) else sorted(granted)  # even one of another site
            for scope in [at["id"], *self.some(places, 1)]:
                self.add("grants", scope=scope, level=self.one(*LINK_LEVELS), link=link)
            named = self.some(users, 4) + self.some(["sg0", "sg1", "mesg0", "m0", "dg"], 2)
            named += [self.one(*self.ghosts)] if self.ghostly(0.06) else []
            named += ["app0"] if self.with_apps and self.chance(0.1) else []
            for principal in named:
                how = self.one("named", "sent", "redeemed", "unknown", None)
                self.add("link_users", link=link, principal=principal, how=how, since=self.day(200))

    # ------------------------------------------------------------ what

    def make_labels(self) -> None:
        self.add("labels", id="public", name="Public", rank=0)
        self.add("labels", id="conf", name="Confidential", rank=5, encrypts=self.gates)
        self.add("labels", id="dke", name="Two keys", rank=9, encrypts=True, protection="double_key")
        self.add("labels", id="own", name="As the author says", rank=7, encrypts=True, protection="user_defined")
        choices = [
            ["VIEW"],
            ["VIEW", "EXTRACT"],
            ["view", "edit"],
            ["OWNER"],
            ["VIEW", "DOCEDIT", "EXTRACT"],
            ["PRINT"],
        ]
        for label in ("conf", "dke"):
            for principal in [*self.some([*self.ids("user"), "sg0", "m0", "eeeu", "partner", "ghost-group"], 4)]:
                if principal == "ghost-group" and not self.ghostly(0.2):
                    continue
                self.add("label_rights", label=label, principal=principal, rights=self.one(*choices))
            if self.chance(0.5):
                self.add("label_rights", label=label, principal="authenticated_users", rights=self.one(*choices))
        if self.gates and self.chance(0.4):
            label = self.one("public", "conf")
            if self.chance(0.7):
                effect = {"effect": "possibly"} if self.rules_in_doubt else {}
                self.add(
                    "copilot_dlp", policy="p0", label=label, principal=self.one(None, None, "eeeu", "sg0"), **effect
                )
            for principal in self.some([*self.ids("user"), "sg1", "m1"], 2):
                self.add("copilot_dlp", policy="p0", label=label, principal=principal, effect="exclude")

    def make_items(self) -> None:
        users = self.ids("user")
        scopes = self.tables["scopes"]
        for number in range(self.n_items):
            scope = self.one(*scopes)
            libraries = [lib for lib in self.tables["libraries"] if lib["site"] == scope["site"]]
            library = self.one(*libraries) if libraries and self.chance(0.5) else None
            inherits = library is not None and library["scope"] == scope["id"] and self.chance(0.5)
            label = (
                self.one(*[None] * 6, "public", "public", "conf", "conf", "conf", "dke", "own", "lost")
                if self.gates
                else None
            )
            row = self.add(
                "items",
                id=f"i{number}",
                scope=None if inherits else scope["id"],
                library=library["id"] if library else self.one(None, None, "no such library"),
                site=self.one(None, scope["site"]),
                path=f"/{scope['id']}/i{number}.docx",
                label=label,
                modified=self.one(None, self.day(400)),
                author=self.one(None, *users, *([self.ghosts[1]] if self.ghostly(0.1) else [])),
                owner=self.one(None, None, *users),
                modified_by=self.one(None, *users),
                protected_by=self.one(None, None, *users) if label in ("conf", "own", "dke") else None,
                major=self.one(None, 0, 0, 1),
                minor=self.one(None, 0, 1),
                scanned=self.one(None, True, False),
                archived=self.gates and self.chance(0.04),
                count=self.one(None, None, 1, 3),
                size=self.one(None, 4096),
                info_types=self.one(None, None, ["Credit card"], ["IBAN", "Passport"]),
            )
            self.make_item_rules(row)
        if self.mode == 2 or self.chance(0.1):
            self.make_agents()
            self.add("items", id="nowhere", author=self.one(*users), scanned=self.one(None, False))
        if self.chance(0.1):
            # a scope nobody describes, of a site somebody does
            self.add("items", id="astray", site="s0", scope="no such scope", author=self.one(None, *users))
            self.add("grants", scope="no such scope", principal=self.one(*users, "sg0"), level=self.one(*REAL_LEVELS))
            self.add("grants", scope="no such scope", level="view", link="link0")

    def make_item_rules(self, row: Row) -> None:
        users = self.ids("user")
        if self.gates and self.chance(0.12):
            row["dlp"] = self.one(["All"], ["PerUser"], ["PerUser"], ["All", "PerUser"], ["All", "PerAnonymousUser"])
        if self.gates and self.chance(0.15):
            row["dlp"] = self.one(["PerAnonymousUser"], ["PerAnonymousUser", "PerUser"])
        if row["label"] == "own" or (self.gates and row["label"] is None and self.chance(0.04)):
            for principal in self.some([*users, "sg0", "eeeu"], 3):
                rights = self.one(["VIEW"], ["VIEW", "EXTRACT", "EDIT"], ["OWNER"])
                self.add("item_rights", item=row["id"], principal=principal, rights=rights)
        for user in self.some(users, 2):
            last = self.one(None, self.day(25), LONG_AGO)
            actor = self.one(None, "user", "copilot", "system")
            self.add("usage", principal=user, item=row["id"], action="read", last=last, events=2, actor=actor)

    def make_agents(self) -> None:
        """Copies inside an agent; what they carry of a site, a library and blocks is nothing an agent asks about."""
        for copy, original in (("copy0", "i0"), ("copy1", "i1")):
            labels = ("conf", "dke", "own", "public", None, None) if self.gates else (None,)
            row = self.add("items", id=copy, label=self.one(*labels), protected_by=self.one(None, *self.ids("user")))
            if self.gates and self.chance(0.2):
                row |= {"site": "s0", "dlp": ["All"], "archived": True, "scanned": False}
                row |= {"author": self.one("u0", "u1")}
            if row["label"] == "own":
                person = self.one(*self.ids("user"), "sg0")
                self.add("item_rights", item=copy, principal=person, rights=["VIEW", "EXTRACT"])
            self.add("agent_files", agent="agent", item=copy, of=original)
        for principal in [*self.some([*self.ids("user"), "sg0", "m0", "eeeu"], 3), *self.some(self.ghosts[:2], 1)]:
            self.add("agent_users", agent="agent", principal=principal)

    # ------------------------------------------------------------ the tenant

    def make_switches(self) -> None:
        self.maybe(0.6, "restricted_access_control", True, True, True, False)
        self.maybe(0.6, "show_everyone_claim", True, False)
        self.maybe(0.7, "information_barriers_suspended", False, False, False, True)
        if not self.gates:
            return
        for name in ("sharing", "core_sharing", "onedrive_sharing"):
            self.maybe(0.1, name, *SHARING)
        self.maybe(0.2, "aip_integration", True, False)
        self.maybe(0.1, "blocked_domains", ["bad.example"])
        self.maybe(0.1, "allowed_domains", ["partner.example", "other.example"])
        self.maybe(0.15, "mark_new_files_sensitive", True)
        self.maybe(0.5, "copilot_billing", "licensed", "licensed", "payg", "unknown")
        for name in ("external_member_in_org", "guests_in_allusers", "link_death_ends_redeemed"):
            self.maybe(0.25, name, True, False)
        self.maybe(0.2, "rcd_recent_exception", "yes", "no", "unk")
        self.maybe(0.1, "readsecurity_bypass_bit", "CancelCheckout", "ManageLists")
        self.maybe(0.2, "otp_guests_retired", True, False)
        self.maybe(0.15, "viewonly_surfaces", False)
        self.maybe(0.15, "anon_redeemed_surfaces", False)
        if self.restricted_search:
            self.switches["restricted_search"] = True
            self.switches["restricted_search_allowed"] = self.one([], ["s0"], ["s1"])
        self.maybe(0.15, "onedrive_restricted_groups", ["sg0"], ["sg1", "m0"], ["ghost-group"])
        self.maybe(0.2, "rac_nested", False)
        self.maybe(0.2, "rac_applies_to_site_admins", False)
        self.maybe(0.2, "ib_implicit_group_based", False)
        self.maybe(0.2, "group_guest_access", False)

    def maybe(self, odds: float, name: str, *values: Any) -> None:
        if self.chance(odds):
            self.switches[name] = self.one(*values)

    def make_guest_expiry(self) -> None:
        if not self.gates or (self.mode != 0 and self.chance(0.6)):
            return
        for site in self.tables["sites"]:
            for user in self.some(self.ids("user"), 3):
                expires = self.one(LONG_AGO, FAR_AWAY)
                self.add("guest_expiry", site=site["id"], principal=user, expires=expires)

    def make_gaps(self) -> None:
        if self.mode == 0:
            return
        if self.mode == 2:
            # nothing said: a table that is there is complete, a cell that is empty is not known
            self.coverage = self.one({}, {}, {"default": "complete"})
            for table in self.some(["usage", "copilot_dlp", "site_restricted_groups", "levels", "guest_expiry"], 1):
                if not self.tables[table]:
                    del self.tables[table]
            if self.chance(0.1):
                self.coverage["agent_users"] = "partial"
            self.maybe_column(0.2, "principals.visibility", "complete")
            return
        self.coverage = self.one({"default": "complete"}, {"default": "complete"}, {})
        access = ["members", "grants", "site_admins", "links", "link_users", "usage", "copilot_dlp"]
        for table in self.some([*access, "app_permissions", "site_restricted_groups"], 2):
            self.coverage[table] = self.one("partial", "absent")
            if self.coverage[table] == "absent" and self.chance(0.5):
                self.tables.pop(table)
        if self.chance(0.2):
            self.coverage["label_rights"] = "partial"
        if self.chance(0.2):
            self.coverage["item_rights"] = "absent"
        for column in ("visibility", "segments", "domain", "copilot"):
            self.maybe_column(0.2, f"principals.{column}", self.one("partial", "absent", "complete"))
        self.maybe_column(0.2, "sites.segments", "partial")
        for column in ("author", "owner", "modified_by", "protected_by"):
            self.maybe_column(0.12, f"items.{column}", self.one("partial", "absent"))
        for row in self.tables["principals"]:
            if row["kind"] in ("security_group", "sharepoint_group", "m365_group", "group_owners"):
                row["expanded"] = self.one(None, None, None, True, True, False if self.chance(0.3) else None)
        if self.chance(0.03):
            self.coverage["default"] = "partial"
        if self.chance(0.1):
            self.coverage["site_restricted_groups"] = "partial"

    def forget_somebody(self) -> None:
        """Leave out the row of some principals who are named all the same."""
        if self.mode == 2 and self.chance(0.3):
            principals = self.tables["principals"]
            names = [row["id"] for row in principals if row["kind"] not in ("anonymous", "authenticated_users")]
            lost = self.dice.sample(names, self.dice.randint(1, 2))
            self.tables["principals"] = [row for row in principals if row["id"] not in lost]

    def maybe_column(self, odds: float, name: str, value: str) -> None:
        if self.chance(odds):
            self.coverage[name] = value

    def world(self) -> World:
        self.make_principals()
        self.make_sites()
        self.make_members()
        self.make_grants()
        self.make_labels()
        self.make_items()
        self.make_guest_expiry()
        self.make_switches()
        self.make_gaps()
        self.forget_somebody()
        unique = {name: _first_of_each_key(name, rows) for name, rows in self.tables.items()}
        return World(unique, self.switches, self.coverage, self.snapshot)


def _first_of_each_key(table: str, rows: list[Row]) -> list[Row]:
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        kept.setdefault(tuple(row.get(name) for name in KEYS[table]), row)
    return list(kept.values())


def random_world(seed: int, *, gates: bool = True) -> World:
    """The world of a seed, always the same one; larger seeds make larger worlds.

    `gates` False leaves out everything that narrows: only memberships, grants, links and latent steps remain.
    """
    return _Maker(seed, gates).world()


# ---------------------------------------------------------------- folders and frames


def as_frames(world: World) -> dict[str, pl.DataFrame]:
    """The tables as polars frames with every column of the tenant folder, native types."""
    frames = {}
    for table, rows in world.tables.items():
        columns = COLUMNS[table]
        schema = {name: TYPES[kind] for name, kind in columns.items()}
        data = {name: [row.get(name) for row in rows] for name in columns}
        frames[table] = pl.DataFrame(data, schema=schema)
    return frames


def write_folder(world: World, directory: Path, seed: int = 0) -> Path:
    """Write a tenant folder; each table becomes a CSV or an NDJSON file, by `seed`. Returns the folder."""
    directory.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    for table, rows in sorted(world.tables.items()):
        if dice.random() < 0.6:
            with (directory / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS[table])
                writer.writerows([[_cell(row.get(name)) for name in COLUMNS[table]] for row in rows])
        else:
            lines = [json.dumps({name: _plain(cell) for name, cell in row.items()}, ensure_ascii=False) for row in rows]
            # a file without a byte may be a lost one: a table without rows is written as a list of nothing
            text = "".join(line + "\n" for line in lines) or "[]\n"
            (directory / f"{table}.ndjson").write_text(text, encoding="utf-8")
    lines = ['name = "Made up"']
    if world.snapshot is not None:
        lines.append(f"snapshot = {_plain(world.snapshot)}")
    for section, entries in (("coverage", world.coverage), ("switches", world.switches)):
        lines += ["", f"[{section}]", *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in entries.items())]
    (directory / "tenant.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return directory


def _plain(cell: Any) -> Any:
    return cell.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(cell, datetime) else cell


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return ";".join(cell) if isinstance(cell, list) else str(_plain(cell))


# ---------------------------------------------------------------- many worlds in one

#: the columns that hold names of things; what is not here is a value
NAMES: dict[str, tuple[str, ...]] = {
    table: tuple(text.split())
    for table, text in {
        "principals": "id of site",
        "members": "group member",
        "sites": "id group related_group owner label hub block_download_exempt",
        "site_restricted_groups": "site group",
        "site_admins": "site principal",
        "scopes": "id site parent",
        "libraries": "id site scope",
        "levels": "site web",
        "grants": "scope principal link",
        "links": "id origin created_by",
        "link_users": "link principal",
        "items": "id scope library site label modified_by author owner protected_by",
        "labels": "id",
        "label_rights": "label principal",
        "item_rights": "item principal",
        "copilot_dlp": "policy label principal",
        "app_permissions": "app",
        "guest_expiry": "site principal",
        "agent_users": "agent principal",
        "agent_files": "agent item of",
        "usage": "principal item",
    }.items()
}
WELL_KNOWN = ("anonymous", "authenticated_users")


def renamed(world: World, rename: Callable[[str], str]) -> World:
    """The same world with other names, those the service itself gives excepted."""

    def named(cell: Any) -> Any:
        if isinstance(cell, list):
            return [named(part) for part in cell]
        return cell if cell is None or cell in WELL_KNOWN else rename(cell)

    tables = {
        table: [{name: named(cell) if name in NAMES[table] else cell for name, cell in row.items()} for row in listed]
        for table, listed in world.tables.items()
    }
    switches = {
        name: named(value) if name in ("restricted_search_allowed", "onedrive_restricted_groups") else value
        for name, value in world.switches.items()
    }
    return World(tables, switches, world.coverage, world.snapshot)


def side_by_side(worlds: list[World]) -> World:
    """Worlds with the same settings as one: every name of the n-th begins with `n/`, so that none touches another."""
    tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    for number, world in enumerate(worlds):
        prefix = f"{number}/"
        for table, rows in renamed(world, prefix.__add__).tables.items():
            tables[table] += rows
    unique = {name: _first_of_each_key(name, rows) for name, rows in tables.items()}
    return World(unique, worlds[0].switches, worlds[0].coverage, worlds[0].snapshot)


# ---------------------------------------------------------------- families that leave nothing out

HOMES = ("internal", "external_member", "guest", "otp_guest", "channel_external")
SNAPSHOT = datetime(2026, 6, 3, tzinfo=UTC)


def tenant(
    switches: Row | None = None,
    coverage: dict[str, str] | None = None,
    snapshot: datetime | None = SNAPSHOT,
    **tables: Any,
) -> World:
    """A world by hand: `tenant(members=[{...}])`; every other table is there and empty, everything is complete."""
    given: dict[str, list[Row]] = {name: [dict(row) for row in tables.get(name, [])] for name in COLUMNS}
    return World(given, switches or {}, coverage if coverage is not None else {"default": "complete"}, snapshot)


def all_worlds(family: str) -> Iterator[World]:
    """Every world of a family: 'nesting' (2 048), 'links' (4 800) or 'one_gate' (some sixty)."""
    return {"nesting": _nesting, "links": _links, "one_gate": _one_gate}[family]()


def _nesting() -> Iterator[World]:
    """Two users, three security groups, every subset of eleven memberships: all nestings and circles among them."""
    edges = [(a, b) for a in ("g0", "g1", "g2") for b in ("g0", "g1", "g2") if a != b]
    edges += [("g0", "g0"), ("g0", "u0"), ("g1", "u0"), ("g1", "u1"), ("g2", "u1")]
    people = [{"id": name, "kind": "user", "copilot": "licensed"} for name in ("u0", "u1")]
    groups = [{"id": name, "kind": "security_group"} for name in ("g0", "g1", "g2")]
    scopes = [{"id": f"c{n}", "site": "s", "kind": "list"} for n in range(3)]
    grants = [{"scope": f"c{n}", "principal": f"g{n}", "level": "Read"} for n in range(3)]
    items = [{"id": f"i{n}", "scope": f"c{n}"} for n in range(3)]
    for chosen in itertools.product((False, True), repeat=len(edges)):
        members = [{"group": a, "member": b} for (a, b), there in zip(edges, chosen, strict=True) if there]
        yield tenant(
            principals=people + groups, members=members, sites=[{"id": "s"}], scopes=scopes, grants=grants, items=items
        )


def _links() -> Iterator[World]:
    """Audience, how the person came to it, home of the person, expiry, sharing of the site and of the tenant."""
    for audience, how, home, expires, site, whole in itertools.product(
        ("anyone", "organization", "people", "existing", None),
        ("named", "redeemed", "group", "nobody"),
        HOMES,
        (None, LONG_AGO, FAR_AWAY),
        SHARING,
        SHARING,
    ):
        named = {"group": "g", "nobody": None}.get(how, "u")
        users = [{"link": "k", "principal": named, "how": how if how != "group" else "sent"}] if named else []
        yield tenant(
            {"sharing": whole},
            principals=[
                {"id": "u", "kind": "user", "home": home, "copilot": "licensed"},
                {"id": "g", "kind": "security_group"},
                {"id": "anonymous", "kind": "anonymous"},
            ],
            members=[{"group": "g", "member": "u"}],
            sites=[{"id": "s", "sharing": site}],
            scopes=[{"id": "c", "site": "s", "kind": "item"}],
            grants=[{"scope": "c", "level": "view", "link": "k"}],
            links=[{"id": "k", "audience": audience, "expires": expires}],
            link_users=users,
            items=[{"id": "i", "scope": "c"}],
        )


def _everybody() -> list[Row]:
    """One principal of every home and state, licence and shape, by a telling id."""
    people: list[Row] = [
        {"id": f"{home}-{state}", "kind": "user", "home": home, "state": state, "copilot": "licensed"}
        for home in HOMES
        for state in ("active", "disabled", "deleted", "pending")
    ]
    people += [{"id": f"copilot-{word}", "kind": "user", "copilot": word} for word in ("payg", "none", "unknown", None)]
    people += [{"id": name, "kind": "user", "copilot": "licensed"} for name in ("author", "editor", "insider", "admin")]
    people += [
        {"id": "hr", "kind": "user", "segments": ["hr"], "copilot": "licensed"},
        {"id": "sales", "kind": "user", "segments": ["sales"], "copilot": "licensed"},
        {"id": "good", "kind": "user", "home": "guest", "login": "g_good.example#EXT#@north.example"},
        {"id": "bad", "kind": "user", "home": "guest", "domain": "bad.example"},
        {"id": "app", "kind": "app"},
        {"id": "anonymous", "kind": "anonymous"},
    ]
    return people


def _one_gate() -> Iterator[World]:
    """Everybody holds Read in person; one thing at a time narrows it."""
    everybody = _everybody()
    site_cells: list[Row] = [
        {},
        {"lock": "ReadOnly"},
        {"lock": "NoAccess"},
        {"archive": "Archived"},
        {"no_crawl": True},
    ]
    site_cells += [{"sharing": level} for level in SHARING]
    site_cells += [{"domains_allowed": ["good.example"]}, {"domains_blocked": ["bad.example"]}]
    site_cells += [{"restricted_access": True}, {"restricted_discovery": True}, {"kind": "onedrive", "owner": "author"}]
    site_cells += [
        {"ib_mode": mode, "segments": ["hr"], "group": group}
        for mode in ("Open", "Explicit", "Mixed", "Implicit", "OwnerModerated")
        for group in ("m", None)
    ]
    site_cells += [
        {"conditional_access": word} for word in ("AllowLimitedAccess", "BlockAccess", "AuthenticationContext")
    ]
    site_cells += [{"block_download": True, "block_download_exempt": ["m"]}, {"app_restricted": True}]
    item_cells: list[Row] = [{"dlp": [word]} for word in ("All", "PerUser", "PerAnonymousUser")]
    item_cells += [{"label": label} for label in ("plain", "admin", "user_defined", "double_key")]
    item_cells += [{"archived": True}, {"library": "hidden"}, {"library": "own"}]
    item_cells += [{"library": word, "major": 0, "minor": 1} for word in ("Author", "Approver")]
    switches: list[Row] = [
        {"restricted_search": True},
        {"mark_new_files_sensitive": True},
        {"otp_guests_retired": True},
    ]
    switches += [{"copilot_billing": word} for word in ("licensed", "payg")]
    switches += [{"sharing": "Disabled"}, {"blocked_domains": ["bad.example"]}, {"allowed_domains": ["good.example"]}]
    cases: list[tuple[Row, Row, Row]] = [(site, {}, {}) for site in site_cells] + [
        ({}, item, {}) for item in item_cells
    ]
    cases += [({}, {"scanned": False}, switch) for switch in switches]
    for site, item, switch in cases:
        yield tenant(
            {"information_barriers_suspended": False, "restricted_access_control": True, **switch},
            principals=[*everybody, {"id": "m", "kind": "m365_group"}],
            members=[{"group": "m", "member": "insider"}],
            sites=[{"id": "s", "kind": "communication", **site}],
            site_restricted_groups=[{"site": "s", "group": "m"}],
            site_admins=[{"site": "s", "principal": "admin"}],
            scopes=[{"id": "c", "site": "s", "kind": "list"}],
            grants=[{"scope": "c", "principal": row["id"], "level": "Read"} for row in everybody],
            libraries=[
                {"id": "hidden", "site": "s", "scope": "c", "no_crawl": True},
                {"id": "own", "site": "s", "scope": "c", "read_security": 2},
                {"id": "Author", "site": "s", "scope": "c", "draft_visibility": "Author"},
                {"id": "Approver", "site": "s", "scope": "c", "draft_visibility": "Approver"},
            ],
            items=[{"id": "i", "scope": "c", "author": "author", "modified_by": "editor", **item}],
            labels=[
                {"id": "plain"},
                *(
                    {"id": word, "encrypts": True, "protection": word}
                    for word in ("admin", "user_defined", "double_key")
                ),
            ],
            label_rights=[
                {"label": "admin", "principal": "insider", "rights": ["VIEW", "EXTRACT"]},
                {"label": "admin", "principal": "editor", "rights": ["VIEW"]},
                {"label": "double_key", "principal": "authenticated_users", "rights": ["VIEW", "EXTRACT"]},
            ],
            item_rights=[{"item": "other", "principal": "insider", "rights": ["VIEW"]}],
        )
