"""Delivery channels: SMS, e-mail and webhooks, behind one courier. No rules: it is told what to send to whom."""

from safezone_hub.channels.courier import Courier
from safezone_hub.channels.gateway import NotTaken
from safezone_hub.channels.jobs import Job, Report, Sent
from safezone_hub.channels.patience import Patience
from safezone_hub.channels.sections import SettingsError
from safezone_hub.channels.settings import (
    ChannelSettings,
    GatewaySettings,
    ReceiptSettings,
    SmppSettings,
    SmtpSettings,
    WebhookSettings,
    read_settings,
)
from safezone_hub.channels.signing import signed_headers, verify

__all__ = [
    "ChannelSettings",
    "Courier",
    "GatewaySettings",
    "Job",
    "NotTaken",
    "Patience",
    "ReceiptSettings",
    "Report",
    "Sent",
    "SettingsError",
    "SmppSettings",
    "SmtpSettings",
    "WebhookSettings",
    "read_settings",
    "signed_headers",
    "verify",
]
