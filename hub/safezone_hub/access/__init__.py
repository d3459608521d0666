"""Identity and access: who a token is, and what it may see. No HTTP here, and no I/O in the rules."""

from safezone_hub.access.principals import KIND_OF_ROLE, ROLES, SERVICE, Principal
from safezone_hub.access.rules import (
    OPERATIONS,
    Circumstances,
    Decision,
    Target,
    decide,
    in_school_hours,
    in_scope,
    may_ever,
    next_school_hours,
)
from safezone_hub.access.tokens import Token, TokenBook, new_token

__all__ = [
    "KIND_OF_ROLE",
    "OPERATIONS",
    "ROLES",
    "SERVICE",
    "Circumstances",
    "Decision",
    "Principal",
    "Target",
    "Token",
    "TokenBook",
    "decide",
    "in_school_hours",
    "in_scope",
    "may_ever",
    "new_token",
    "next_school_hours",
]
