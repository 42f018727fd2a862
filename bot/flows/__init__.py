"""Every dialog there is. A new one is a file in this folder and a line here."""

from typing import Final

from bot.dialog.flow import Flow
from bot.flows.consent import CONSENT
from bot.flows.login import LOGIN
from bot.flows.register import REGISTER

FLOWS: Final[dict[str, Flow]] = {flow.name: flow for flow in (REGISTER, LOGIN, CONSENT)}
