"""Pictures of evidence: never shown as received, but painted anew by a process of its own that can do nothing else.

Run as a program it is that process: reads a picture from its input, writes a JPEG without any metadata to its output.
"""

import io
import subprocess
import sys
from datetime import timedelta
from enum import StrEnum

# Decoders of formats that nobody sends as evidence are not asked at all.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
MAX_OCTETS = 15 * 1024 * 1024
# A screenshot of two 4K screens side by side has 17 million; each takes some octets of memory.
MAX_PIXELS = 40_000_000
MAX_MEMORY = 768 * 1024 * 1024
MAX_TIME = timedelta(seconds=8)
_QUALITY = 85


class Size(StrEnum):
    """What it is painted for."""

    BLURRED = "blurred"  # to be seen without being looked at: colours, no shape
    WHOLE = "whole"


# Longest edge, in pixels.
EDGES = {Size.BLURRED: 120, Size.WHOLE: 1600}


class NotAPicture(Exception):
    """This is no picture that can be shown."""


def is_picture(content: bytes) -> bool:
    """By its first octets, whatever it calls itself."""
    return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")) or (
        content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    )


def paint(content: bytes, size: Size) -> bytes:
    """A JPEG of it. Takes some tenths of a second in another process, MAX_TIME at most. Raises NotAPicture."""
    if len(content) > MAX_OCTETS or not is_picture(content):
        raise NotAPicture
    try:
        # Without our environment, which holds secrets: a broken decoder finds none.
        done = subprocess.run(
            [sys.executable, "-I", __file__, size.value],
            input=content,
            capture_output=True,
            timeout=MAX_TIME.total_seconds(),
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotAPicture from error
    if done.returncode or not done.stdout.startswith(b"\xff\xd8\xff"):
        raise NotAPicture
    return done.stdout


def _painted(content: bytes, size: Size) -> bytes:
    from PIL import Image, ImageFilter

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    picture = Image.open(io.BytesIO(content), formats=FORMATS)
    # Pillow refuses above twice its limit; the header says it before anything is decoded.
    if picture.width * picture.height > MAX_PIXELS:
        raise NotAPicture
    picture.draft("RGB", (EDGES[size], EDGES[size]))
    picture.thumbnail((EDGES[size], EDGES[size]))
    painted = Image.new("RGB", picture.size, "white")
    painted.paste(picture.convert("RGBA"), mask=picture.convert("RGBA"))
    if size == Size.BLURRED:
        painted = painted.filter(ImageFilter.GaussianBlur(8))
    output = io.BytesIO()
    painted.save(output, "JPEG", quality=_QUALITY)
    return output.getvalue()


def _limit_myself() -> None:
    import resource

    seconds = int(MAX_TIME.total_seconds())
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    from PIL import Image  # noqa: F401 - needs its files, which it may not open later

    _limit_myself()
    sys.stdout.buffer.write(_painted(sys.stdin.buffer.read(MAX_OCTETS + 1), Size(sys.argv[1])))
