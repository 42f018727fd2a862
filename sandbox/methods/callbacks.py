"""Answers to presses of inline buttons."""

from __future__ import annotations

from sandbox.clock import CALLBACK_LIFETIME
from sandbox.errors import bad_request
from sandbox.methods.call import Call, method, without_nothing

MAX_ANSWER = 200


@method
def answer_callback_query(call: Call) -> bool:
    """Ends the spinning of a button, with a short notice or an alert if there is a text."""
    query = call.bot.callbacks.get(call.params.text("callback_query_id"))
    if query is None or call.world.clock.now() - query.made_at > CALLBACK_LIFETIME:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = call.params.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    query.answer = without_nothing(
        {"text": text, "show_alert": call.params.flag("show_alert"), "url": call.params.text("url")},
    )
    if text:
        alert = {**query.answer, "message_id": query.message_id, "date": call.world.clock.now()}
        query.chat.alerts.append(alert)
        query.chat.answers += 1
    call.world.chat_changed(query.chat)
    return True
