"""Makes the preview, in a temporary folder."""

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.preview.clinic import sample_clinic
from bot.preview.gather import gather
from bot.preview.page import page


async def preview_page() -> str:
    """The HTML of every screen in every language. Raises NoSampleError, MissingTextError."""
    with TemporaryDirectory(prefix="clinic-texts-") as folder:
        async with sample_clinic(Path(folder)) as clinic:
            return page(await gather(clinic), clinic.catalogue)
