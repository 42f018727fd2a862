"""What has become of an open dialog since its person was last here."""

from collections.abc import Mapping
from dataclasses import replace

from bot.dialog.engine import Engine
from bot.dialog.flow import Flow, flow_text
from bot.dialog.view import Text
from bot.person import Person


def tidied(person: Person, flows: Mapping[str, Flow], engine: Engine) -> tuple[Person, tuple[Text, ...]]:
    """The person without a draft that is dead, another account's or of a gone flow; and what to say of it."""
    draft = person.draft
    if draft is None:
        if person.dead_flow is None:
            return person, ()
        title = flow_text("title", person.dead_flow)
        return replace(person, dead_flow=None), (Text.of("draft.expired", dialog=title),)
    flow = flows.get(draft.flow)
    if flow is None:
        return replace(person, draft=None), (Text("draft.gone"),)
    if person.draft_of != person.account_id:
        return replace(person, draft=None), (Text.of("draft.other_account", dialog=flow_text("title", draft.flow)),)
    draft, changed = engine.update(flow, draft)
    return (replace(person, draft=draft), (Text("draft.updated"),)) if changed else (person, ())
