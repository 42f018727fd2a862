"""What an operator watches, counted as it happens: how much, how long, with which end; never of whom or by whom.

Every label has few values, all of them written in our code. docs/operations.md says what to make of each.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY: Final = CollectorRegistry()
"""All of them, and this process's memory, processor time and open files."""
ProcessCollector(registry=REGISTRY)

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)

UPDATES: Final = Histogram(
    "clinic_update_seconds",
    "From an update's arrival until what it does is committed.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
ANSWERS: Final = Histogram(
    "clinic_answer_seconds",
    "What Telegram takes to show an answer that is committed.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
LOGINS: Final = Counter(
    "clinic_logins",
    "Tries to log in; outcome: ok, wrong, throttled; after the right password suspended, second_factor.",
    ("channel", "outcome"),
    registry=REGISTRY,
)
WORK: Final = Gauge(
    "clinic_work_waiting",
    "Heavy work in hand or waiting for a thread; pool: hash, photo.",
    ("pool",),
    registry=REGISTRY,
)
WORK_REFUSED: Final = Counter(
    "clinic_work_refused", "Heavy work refused because too much waited.", ("pool",), registry=REGISTRY
)
FAULTS: Final = Counter(
    "clinic_faults", "Lines of the log from warning on, by what they say.", ("level", "event"), registry=REGISTRY
)
REQUESTS: Final = Histogram(
    "clinic_http_request_seconds",
    "HTTP requests, by route and status.",
    ("route", "status"),
    buckets=_SECONDS,
    registry=REGISTRY,
)

# Read from the database whenever somebody asks, so that they cost nothing meanwhile; NaN while it is away.
DATABASE_UP: Final = Gauge("clinic_database_up", "1 when the database answered just now, else 0.", registry=REGISTRY)
INBOX: Final = Gauge("clinic_inbox_updates", "Updates received and not yet handled.", registry=REGISTRY)
INBOX_AGE: Final = Gauge("clinic_inbox_oldest_seconds", "How long the oldest of them waits.", registry=REGISTRY)
PARKED: Final = Gauge("clinic_inbox_parked", "Updates set aside because they kept failing.", registry=REGISTRY)
OUTBOX: Final = Gauge("clinic_outbox_notices", "Notices that are due and not yet sent.", registry=REGISTRY)
OUTBOX_AGE: Final = Gauge("clinic_outbox_oldest_seconds", "How long the oldest of them is due.", registry=REGISTRY)
REVIEWS: Final = Gauge("clinic_reviews_waiting", "Certificates that admins have to look at.", registry=REGISTRY)
REVIEWS_AGE: Final = Gauge("clinic_reviews_oldest_seconds", "How long the oldest of them waits.", registry=REGISTRY)
