"""Every job by the clock that the bot does. A new one is a file in this folder and a line here."""

from core.core import Core
from core.jobs.review import review
from core.jobs.scheduler import AnyJob
from core.jobs.upkeep import upkeep
from core.photo_removals import removing


def standing(core: Core) -> list[AnyJob]:
    """All of them, for a Scheduler."""
    return [
        *upkeep(core),
        *review(core),
        removing(core.photos),
        core.erasing.clearing(),
    ]
