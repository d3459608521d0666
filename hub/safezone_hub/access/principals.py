"""Who may ask: the roles of people and systems, and the registry items they stand for."""

from dataclasses import dataclass, field

ROLES = ("admin", "operator", "school", "guardian", "agency", "auditor", "peer")

# The registry kind a role's principal must be registered as; admins and auditors are named by their token only.
KIND_OF_ROLE = {
    "operator": "operator",
    "school": "staff",
    "guardian": "guardian",
    "agency": "agency",
    "peer": "peer",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever presented a token. ``token`` is its id, None for the hub's own service token."""

    role: str
    id: str
    zone: str = ""  # empty: every zone
    scopes: frozenset[str] = field(default=frozenset())  # empty: everything the role may do
    token: str | None = None
    expires_at: float | None = None  # seconds since 1970; None: never

    @property
    def name(self) -> str:
        """``role/id``, as facts and histories name it."""
        return f"{self.role}/{self.id}"


SERVICE = Principal("admin", "service")
