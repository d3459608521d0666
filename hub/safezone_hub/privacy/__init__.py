"""What an auditor reads: how the hub fulfils the law's duties, what it holds of whom, what was done with it.

``report`` makes the document out of the standard, the inventory and counts that are given in; it reads no store itself.
"""

from safezone_hub.privacy.document import Document
from safezone_hub.privacy.facts import FactCount, count_facts
from safezone_hub.privacy.inventory import Inventory, load_inventory, unclassified
from safezone_hub.privacy.report import report
from safezone_hub.privacy.values import HubFacts, InForce, PrivacyModel, load_model

__all__ = [
    "Document",
    "FactCount",
    "HubFacts",
    "InForce",
    "Inventory",
    "PrivacyModel",
    "count_facts",
    "load_inventory",
    "load_model",
    "report",
    "unclassified",
]
