"""Which products bring Microsoft 365 Copilot. What is not known to bring it or to lack it is not known: never 'none'.

Ids and names are those of Microsoft's list of product names and service plans for licensing. A tenant's own
subscriptions (Graph `subscribedSkus`) say it for every product the tenant has, so they come first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from acl_graph.readers.parsing.records import LOST_COLLECTION, mapping, objects
from acl_graph.readers.parsing.sniff import fold

LICENSED, NONE = "licensed", "none"
#: products with Copilot by id: the three of its own, and bundles with it
WITH = frozenset(
    {
        "639dec6b-bb19-468b-871c-c5c441c4b0cb",  # Microsoft_365_Copilot
        "a809996b-059e-42e2-9866-db24b99a9782",  # M365_Copilot
        "ad9c22b3-52d7-4e7e-973c-88121ea96436",  # Microsoft_365_Copilot_EDU
        "15f2e9fc-b782-4f73-bf51-81d8b7fff6f4",  # Microsoft_Copilot_for_Sales
        "9a18296a-025f-4e37-9ffa-30bf8d1ce775",  # MICROSOFT_365_E7
    }
)
#: common products without Copilot, by id and by part number
WITHOUT = {
    "05e9a617-0261-4cee-bb44-138d3ef5d965": "SPE_E3",
    "06ebc4ee-1bb5-47dd-8120-11324bc54e06": "SPE_E5",
    "66b55226-6b4f-492c-910c-a3b7a3c9d993": "SPE_F1",
    "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46": "SPB",
    "3b555118-da6a-4418-894f-7df1e2096870": "O365_BUSINESS_ESSENTIALS",
    "f245ecc8-75af-4f8e-b61f-27d8114de5f3": "O365_BUSINESS_PREMIUM",
    "18181a46-0d4e-45cd-891e-60aabd171b4e": "STANDARDPACK",
    "6fd2c87f-b296-42f0-b197-1e91e994b900": "ENTERPRISEPACK",
    "c7df2760-2c81-4ef7-b578-5b5392b571df": "ENTERPRISEPREMIUM",
    "4b585984-651b-448a-9e53-3b10f069cf7f": "DESKLESSPACK",
    "efccb6f7-5641-4e0e-bd10-b4976e1bf68e": "EMS",
    "b05e124f-c7cc-45a0-a6aa-8cf78c946968": "EMSPREMIUM",
    "078d2b04-f1bd-4111-bbd4-b4b1b354cef4": "AAD_PREMIUM",
    "84a661c4-e949-4bd2-a560-ed7766fcaf2b": "AAD_PREMIUM_P2",
    "f30db892-07e9-47e9-837c-80727f46fd3d": "FLOW_FREE",
    "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235": "POWER_BI_STANDARD",
}
#: service plans of Copilot; a licence whose every one of them is switched off for a user brings nothing
PLAN = "M365_COPILOT"
_WITH_NAME = re.compile(
    r"(microsoft|m)[ _]?365[ _]copilot(?![ _](chat|studio))|copilot for (microsoft|m) ?365"
    r"|copilot[ _]for[ _]sales|365[ _]e7",
    re.I,
)
#: names of products without it, by how they begin; the rest of a name is an edition or a size
_WITHOUT_NAME = re.compile(
    r"^((microsoft|office) 365 (e[135]|f[13]|a[135]|g[135]|business|apps|audio|phone)\b"
    r"|enterprise mobility|security e[35]"
    r"|exchange online|sharepoint|onedrive|azure active directory|microsoft (entra|intune|defender|teams|stream|fabric)"
    r"|microsoft (power|copilot studio|security copilot)|power (apps|automate|bi|pages)|visio|project|dynamics 365"
    r"|github copilot|windows)",
    re.I,
)
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_JOINED = re.compile(r"\s*[+;,|\n]\s*")


class Products:
    """What is known of products: Microsoft's list, and the tenant's subscriptions as far as they were read."""

    def __init__(self) -> None:
        #: product id -> service plans of Copilot in it, by id
        self.plans: dict[str, frozenset[str]] = {}
        #: products of the tenant that surely have no Copilot in them
        self.lacking: set[str] = set()

    def learn(self, subscription: dict[str, Any]) -> None:
        """A subscription of the tenant (`subscribedSkus`, `Get-MgSubscribedSku`): id, part number, service plans."""
        said = {fold(str(key)): value for key, value in subscription.items()}
        product = _id(said.get("skuid"))
        plans = [{fold(str(k)): v for k, v in plan.items()} for plan in objects(said.get("serviceplans"))]
        if not product or not (plans or said.get("skupartnumber")):
            return
        ours = frozenset(
            _id(p.get("serviceplanid")) for p in plans if PLAN in str(p.get("serviceplanname") or "").upper()
        )
        named = bool(_WITH_NAME.search(str(said.get("skupartnumber") or "")))
        if ours or named or product in WITH:
            self.plans[product] = ours
        elif plans:
            self.lacking.add(product)

    def of_licences(self, licences: Iterable[Any]) -> str | None:
        """`licensed`, `none`, or None where a product is not known; licences as Graph has them, or their names."""
        judged = [self._one(one) for one in licences]
        if LICENSED in judged:
            return LICENSED
        return None if None in judged else NONE

    def of_text(self, said: str) -> str | None:
        """The same for a joined cell of an admin centre's list or a script; nothing in the cell says nothing."""
        plain = said.strip()
        if not plain or LOST_COLLECTION.match(plain) or plain.startswith("Microsoft.Graph."):
            return None
        if fold(plain) in ("unlicensed", "unlicensedusers"):
            return NONE
        return self.of_licences(one for one in _JOINED.split(plain) if one)

    def _one(self, licence: Any) -> str | None:
        if not isinstance(licence, dict):
            return self._named(str(licence))
        said = {fold(str(key)): value for key, value in licence.items()}
        product = _id(said.get("skuid"))
        plans = [{fold(str(k)): v for k, v in plan.items()} for plan in objects(said.get("serviceplans"))]
        ours = [plan for plan in plans if PLAN in str(plan.get("serviceplanname") or "").upper()]
        if ours:  # licenseDetails: every plan with its state for this user
            on = any(str(plan.get("provisioningstatus") or "").lower() != "disabled" for plan in ours)
            return LICENSED if on else NONE
        off = {_id(one) for one in said.get("disabledplans") or []}
        brings = self._product(product)
        if brings is None and said.get("skupartnumber"):
            brings = self._named(str(said["skupartnumber"]))
        if brings == LICENSED and self.plans.get(product) and self.plans[product] <= off:
            return NONE
        return brings if not plans or brings else NONE

    def _product(self, product: str) -> str | None:
        if product in self.lacking or (product in WITHOUT and product not in self.plans):
            return NONE
        return LICENSED if product in self.plans or product in WITH else None

    def _named(self, name: str) -> str | None:
        guid = _GUID.search(name)
        if guid:
            return self._product(guid[0].lower())
        if _WITH_NAME.search(name):
            return LICENSED
        lacks = name.upper() in WITHOUT.values() or _WITHOUT_NAME.match(name.strip())
        return NONE if lacks else None


def is_subscription(keys: Iterable[str]) -> bool:
    """Whether folded keys are those of a subscription of the tenant and not of a user's licence."""
    return {"skuid", "skupartnumber"} <= set(keys) and bool({"consumedunits", "prepaidunits"} & set(keys))


def licences_of(value: Any) -> list[Any] | None:
    """The licences of a user's record, whatever PowerShell made of a single one; None where it is no list."""
    if isinstance(value, list):
        return value
    return [value] if mapping(value) else None


def _id(value: Any) -> str:
    return str(value or "").strip(" {}").lower()
