"""The core, put together once from settings and secrets."""

from core import at_rest
from core.accounts import Accounts
from core.attempts import Attempts
from core.audit import Audit
from core.avatars import Avatars
from core.certificates import Certificates
from core.confirmations import Confirmations
from core.consents import Consents
from core.departures import Departures
from core.directory import Directory
from core.dossiers import Dossiers
from core.erasing import Erasing
from core.export_data import OwnDataReader
from core.exports import Exports
from core.flags import Flagging
from core.imports import Imports
from core.login import Login
from core.login_codes import LoginCodes
from core.notes import Notes
from core.notices import Notices
from core.password_changes import PasswordChanges
from core.password_resets import PasswordResets
from core.passwords import Passwords
from core.past_refusals import PastRefusals
from core.permissions import Permissions
from core.phone_changes import PhoneChanges
from core.photos import Photos
from core.places import Places
from core.profiles import Profiles
from core.recovery import Recovery
from core.reversals import Reversals
from core.review_clock import ReviewClock
from core.reviewing import Reviewing
from core.reviews import Reviews
from core.sealing import Sealer
from core.second_factors import SecondFactors
from core.sessions import Sessions
from core.settings import Secrets, Settings
from core.statistics import Statistics
from core.throttle import Throttle
from core.tokens import Tokens
from core.trail import Trail
from storage.photos import PhotoStore


class Core:
    """Every rule of the clinic, for any face. Holds no connection and no state but its keys and its threads."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self.settings = settings
        self.inbox_sealer = Sealer(secrets.inbox, at_rest.INBOX_PURPOSE)
        self.audit = Audit(secrets.audit)
        self.notices = Notices(settings.sessions)
        # Notes stay for as long as health data does: of the keys for what lies at rest, these live longest.
        notes = Notes(Sealer(secrets.health, at_rest.NOTES.purpose))
        self.consents = Consents(self.audit)
        self.places = Places(self.audit)
        self.permissions = Permissions(self.audit)
        self.passwords = Passwords(
            secrets.pepper,
            cost=settings.passwords.bcrypt_cost,
            threads=settings.passwords.hash_threads,
            reject_common=settings.passwords.reject_common,
        )
        self.tokens = Tokens(
            secrets.signing,
            issuer=settings.tokens.issuer,
            audience=settings.tokens.audience,
            leeway_seconds=settings.tokens.leeway_seconds,
        )
        second_factor_required = settings.admins.second_factor == "required"
        self.sessions = Sessions(
            self.tokens,
            self.audit,
            self.notices,
            settings.sessions,
            second_factor_required=second_factor_required,
        )
        attempts = Attempts(self.audit, notes, Sealer(secrets.health, at_rest.DECISIONS.purpose))
        self.departures = Departures(attempts, self.notices)
        self.past_refusals = PastRefusals(secrets.audit)
        throttle = Throttle(secrets.pepper, settings.login)
        self.accounts = Accounts(
            zone=settings.clinic.zone,
            throttle=throttle,
            sessions=self.sessions,
            consents=self.consents,
            audit=self.audit,
            notices=self.notices,
            notes=notes,
            departures=self.departures,
            past_refusals=self.past_refusals,
        )
        self.statistics = Statistics(settings.clinic.zone)
        self.directory = Directory(self.accounts, self.audit)
        self.trail = Trail(self.accounts, attempts, self.audit, notes)
        self.password_changes = PasswordChanges(
            accounts=self.accounts, passwords=self.passwords, sessions=self.sessions, notices=self.notices
        )
        self.password_resets = PasswordResets(
            accounts=self.accounts, passwords=self.passwords, sessions=self.sessions, notices=self.notices
        )
        self.phone_changes = PhoneChanges(
            accounts=self.accounts,
            sessions=self.sessions,
            audit=self.audit,
            notices=self.notices,
            past_refusals=self.past_refusals,
        )
        self.recovery = Recovery(
            accounts=self.accounts,
            phone_changes=self.phone_changes,
            sessions=self.sessions,
            throttle=throttle,
            audit=self.audit,
        )
        self.confirmations = Confirmations(
            accounts=self.accounts,
            phone_changes=self.phone_changes,
            sessions=self.sessions,
            throttle=throttle,
            audit=self.audit,
            notices=self.notices,
        )
        self.certificates = Certificates(attempts, self.audit, self.notices)
        self.profiles = Profiles(
            accounts=self.accounts,
            certificates=self.certificates,
            consents=self.consents,
            audit=self.audit,
            sealer=Sealer(secrets.health, at_rest.MEDICAL_HISTORIES.purpose),
        )
        self.exports = Exports(
            accounts=self.accounts,
            sessions=self.sessions,
            audit=self.audit,
            notices=self.notices,
            throttle=throttle,
            reader=OwnDataReader(self.profiles, attempts, settings.clinic.zone),
        )
        self.imports = Imports(accounts=self.accounts, profiles=self.profiles, consents=self.consents, audit=self.audit)
        self.avatars = Avatars(self.accounts, self.audit)
        self.photos = Photos(PhotoStore(settings.storage.photos_url), Sealer(secrets.photo, "photos"))
        self.erasing = Erasing(
            accounts=self.accounts,
            sessions=self.sessions,
            audit=self.audit,
            notices=self.notices,
            departures=self.departures,
            past_refusals=self.past_refusals,
        )
        reviewing = Reviewing(
            attempts=attempts, sessions=self.sessions, notices=self.notices, zone=settings.clinic.zone
        )
        self.reviews = Reviews(reviewing, settings.review)
        self.reversals = Reversals(reviewing)
        self.review_clock = ReviewClock(
            attempts=attempts, notices=self.notices, audit=self.audit, zone=settings.clinic.zone
        )
        self.flagging = Flagging(self.past_refusals)
        self.dossiers = Dossiers(
            accounts=self.accounts,
            profiles=self.profiles,
            attempts=attempts,
            reviews=self.reviews,
            flagging=self.flagging,
            audit=self.audit,
        )
        self.login = Login(
            accounts=self.accounts,
            passwords=self.passwords,
            sessions=self.sessions,
            throttle=throttle,
            audit=self.audit,
            notices=self.notices,
            settings=settings.login,
            second_factor_required=second_factor_required,
        )
        self.second_factors = SecondFactors(
            accounts=self.accounts,
            sessions=self.sessions,
            audit=self.audit,
            notices=self.notices,
            sealer=Sealer(secrets.pepper, at_rest.SECOND_FACTORS.purpose),
            issuer=settings.clinic.name,
        )
        self.login_codes = LoginCodes(
            accounts=self.accounts,
            login=self.login,
            second_factors=self.second_factors,
            throttle=throttle,
            audit=self.audit,
            notices=self.notices,
            settings=settings.login,
        )

    def close(self) -> None:
        """Ends the threads."""
        self.passwords.close()
        self.photos.close()
