"""The u-Safe-Zone standard service model, as data, with a small loader.

Imports nothing of ours and decodes no messages: hub, simulator and suite each bring their own codec,
so that one shared bug cannot pass on both sides.
"""

from safezone_model.catalogue import CatalogueError, Requirement, clauses, requirements
from safezone_model.figures import Rejection, Text, rejections
from safezone_model.loader import (
    MESSAGES,
    REGISTRY_KINDS,
    SERVICES,
    Escalation,
    EvidenceRules,
    MessageType,
    Service,
    Timing,
    escalation,
    evidence,
    load_schema,
    schema_names,
    timing,
    validator,
)

__all__ = [
    "MESSAGES",
    "REGISTRY_KINDS",
    "SERVICES",
    "CatalogueError",
    "Escalation",
    "EvidenceRules",
    "MessageType",
    "Rejection",
    "Requirement",
    "Service",
    "Text",
    "Timing",
    "clauses",
    "escalation",
    "evidence",
    "load_schema",
    "rejections",
    "requirements",
    "schema_names",
    "timing",
    "validator",
]
