"""The real inputs of others that lie beside this repository where it is developed; read, never copied."""

from pathlib import Path

from tests.left_out import left_out

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples"


def paths(pattern: str) -> list[Path]:
    """In order; the test is left out where there are none."""
    found = sorted(FOLDER.glob(pattern))
    if not found:
        left_out("samples", "the samples of others are not here")
    return found
