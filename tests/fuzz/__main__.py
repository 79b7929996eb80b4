"""python -m tests.fuzz NAME FOLDER [libFuzzer's options]: fuzzes one harness, or all in turn with NAME “all”.

FOLDER keeps what it learnt; a crash leaves its input in the working directory.
"""

import os
import subprocess
import sys
from pathlib import Path

SETTINGS = {
    "DDNS_MODE": "test",
    "DDNS_SECRET_KEY": "fuzz",
    "DATABASE_URL": "postgresql:///fuzz",
    "REDIS_URL": "redis://fuzz",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}
# Of one input. The slowest that is taken needs 3 s when instrumented; the memory is that of 25 MiB several times.
LIMITS = ("-timeout=20", "-rss_limit_mb=1500", "-max_len=16384")


def main(name: str, folder: str, *options: str) -> int:
    os.environ.update(SETTINGS)
    if name == "all":
        return _all(folder, options)
    import atheris

    with atheris.instrument_imports(include=["abuse.intake", "abuse.refang", "yaml", "email", "html"]):
        import django

        django.setup()
        from tests.fuzz import harnesses
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(harnesses.HARNESSES[name][1]):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), *LIMITS, *options], lambda content: harnesses.run(name, content))
    atheris.Fuzz()
    return 0


def _all(folder: str, options: tuple[str, ...]) -> int:
    import django

    django.setup()
    from tests.fuzz import harnesses

    failed = [
        name
        for name in harnesses.HARNESSES
        if subprocess.run([sys.executable, "-m", "tests.fuzz", name, folder, *options], check=False).returncode
    ]
    print(f"Crashed: {', '.join(failed) or 'none'}.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
