"""The texts of one clinic."""

from bot.texts import Catalogue
from core.settings import Settings


def catalogue_of(settings: Settings) -> Catalogue:
    """Every text, with this clinic's name, contact and time zone in it."""
    clinic = settings.clinic
    everywhere = {"clinic": clinic.name, "contact": clinic.contact, "privacy_url": clinic.privacy_url}
    return Catalogue(clinic.zone, everywhere)
