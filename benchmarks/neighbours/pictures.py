"""Photos as telephones take them."""

import random
from io import BytesIO
from typing import Final

from PIL import Image

_SIZE: Final = (4000, 3000)


def photo(seed: int) -> bytes:
    """A JPEG of 12 megapixels that is as hard to write as one of paper is."""
    noise = random.Random(seed)
    small = Image.frombytes("RGB", (1000, 750), noise.randbytes(1000 * 750 * 3))
    content = BytesIO()
    small.resize(_SIZE, Image.Resampling.BICUBIC).save(content, "JPEG", quality=88)
    return content.getvalue()
