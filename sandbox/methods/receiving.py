"""How a bot gets its updates: getUpdates, or a webhook."""

from __future__ import annotations

from sandbox.errors import conflict
from sandbox.methods.call import Call, method
from sandbox.model import Json, Webhook
from sandbox.webhook import checked_secret, checked_url

MAX_TIMEOUT = 50
MAX_LIMIT = 100


@method
async def get_updates(call: Call) -> list[Json]:
    """Long polling, with offset semantics (updates.py)."""
    if call.bot.webhook:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )
    _set_allowed(call)
    limit = min(max(call.params.integer("limit", MAX_LIMIT), 1), MAX_LIMIT)
    return await call.bot.updates.poll(
        call.params.integer("offset"), limit, seconds_to_wait(call.params.integer("timeout"))
    )


def seconds_to_wait(asked: int) -> int:
    """How long a poll waits: what is too much or too little is put right, not refused."""
    return min(max(asked, 0), MAX_TIMEOUT)


@method
def set_webhook(call: Call) -> bool:
    """Sends updates to an address of this machine from now on; an empty address ends that."""
    url = call.params.text("url").strip()
    if not url:
        return _end_webhook(call)
    webhook = Webhook(
        checked_url(url),
        checked_secret(call.params.text("secret_token")),
        min(max(call.params.integer("max_connections", 40), 1), 100),
    )
    _set_allowed(call)
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    call.bot.updates.end_poll("terminated by setWebhook request")
    call.bot.webhook = webhook
    call.world.webhooks.start(call.bot)
    return True


@method
def delete_webhook(call: Call) -> bool:
    """Back to getUpdates."""
    return _end_webhook(call)


def _end_webhook(call: Call) -> bool:
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    call.bot.webhook = None
    call.world.webhooks.stop(call.bot)
    return True


@method
def get_webhook_info(call: Call) -> Json:
    """Where updates go, how many wait, and the last failure."""
    webhook = call.bot.webhook
    info: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(call.bot.updates.all()),
    }
    if call.bot.updates.allowed:
        info["allowed_updates"] = sorted(call.bot.updates.allowed)
    if webhook:
        info["max_connections"] = webhook.max_connections
        if webhook.last_error_date:
            info["last_error_date"] = webhook.last_error_date
            info["last_error_message"] = webhook.last_error_message
    return info


def _set_allowed(call: Call) -> None:
    """Remembers the kinds of updates asked for; absent leaves them as they are, an empty list means the default."""
    if call.params.values.get("allowed_updates") is not None:
        kinds = call.params.items("allowed_updates", "allowed_updates")
        call.bot.updates.allowed = frozenset(str(kind) for kind in kinds) or None
