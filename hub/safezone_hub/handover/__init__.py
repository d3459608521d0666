"""Handing an incident over to another authority: one document as JSON, the same content as CAP 1.2.

Pure: values in, values out. What an agency may learn is decided once, in ``document``; ``cap`` only writes it.
"""

from safezone_hub.handover.cap import CAP_TYPE, cap_alert, cap_identifier
from safezone_hub.handover.document import handover
from safezone_hub.handover.view import Callback, ChildFacts, HandoverView, Issued

__all__ = [
    "CAP_TYPE",
    "Callback",
    "ChildFacts",
    "HandoverView",
    "Issued",
    "cap_alert",
    "cap_identifier",
    "handover",
]
