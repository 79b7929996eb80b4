"""The layer rule: config -> abuse -> ddns -> dnsupdate, never upward."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["dnsupdate", "ddns", "abuse", "config"]  # from the lowest
# Ways to name the user model without naming its app.
USER_MODEL = {"AUTH_USER_MODEL", "get_user_model"}
DOTTED = re.compile(r"(\w+)\.(\w+)(\.\w+)*")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, top-level package) for every import, wherever it stands."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name.split(".")[0]) for alias in names)
            case ast.ImportFrom(module=module, level=0):
                yield node.lineno, module.split(".")[0]


def named(tree: ast.AST, root: Path) -> Iterator[tuple[int, str]]:
    """(line, app) for every "app.Model" or "app.module" string, migration dependency and use of the user model."""
    for node in ast.walk(tree):
        match node:
            case ast.alias(name=name) if name in USER_MODEL:
                yield node.lineno, "ddns"
            case ast.Attribute(attr=attribute) if attribute in USER_MODEL:
                yield node.lineno, "ddns"
            case ast.Tuple(elts=[ast.Constant(value=str(app)), ast.Constant(value=str(_))]):
                yield node.lineno, app
            case ast.Constant(value=str(text)) if is_dotted_path(text, root):
                yield node.lineno, text.split(".")[0]


def is_dotted_path(text: str, root: Path) -> bool:
    """A model or a module of ours; "ddns.example" is a name in DNS."""
    found = DOTTED.fullmatch(text)
    if not found or found[1] not in LAYERS:
        return False
    module = root / found[1] / found[2]
    return found[2][0].isupper() or module.is_dir() or module.with_suffix(".py").exists()


def breaches(app: str, root: Path = ROOT) -> list[str]:
    above = LAYERS[LAYERS.index(app) + 1 :]
    return [
        f"{path.relative_to(root)}:{line} names {other}"
        for path, tree in trees(root / app)
        for line, other in [*imported(tree), *named(tree, root)]
        if other in above
    ]


def trees(directory: Path) -> Iterator[tuple[Path, ast.AST]]:
    return ((path, ast.parse(path.read_text())) for path in sorted(directory.rglob("*.py")))


@pytest.mark.parametrize("app", LAYERS)
def test_no_app_knows_a_layer_above_it(app):
    assert breaches(app) == []


def test_local_servers_know_no_app_and_no_django():
    packages = {package for _, tree in trees(ROOT / "deploy") for _, package in imported(tree)}
    assert packages.isdisjoint({"django", *LAYERS})


@pytest.mark.parametrize(
    "code",
    [
        "import abuse.cases",
        "from abuse import cases",
        "def late():\n    from abuse.cases import resolve",
        "cases = models.ForeignKey('abuse.Case', models.PROTECT)",
        "dependencies = [('abuse', '0001_initial')]",
        "import_module('abuse.cases')",
        "owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)",
        "from django.contrib.auth import get_user_model",
    ],
)
def test_upward_reference_is_seen(tmp_path, code):
    for app in LAYERS:
        (tmp_path / app).mkdir()
    (tmp_path / "abuse" / "cases.py").write_text("")
    (tmp_path / "dnsupdate" / "zones.py").write_text(code)
    assert len(breaches("dnsupdate", tmp_path)) == 1


@pytest.mark.parametrize("code", ["zone = 'ddns.example'", "from . import names", "import dnsupdate.names"])
def test_downward_reference_is_allowed(tmp_path, code):
    (tmp_path / "dnsupdate").mkdir()
    (tmp_path / "dnsupdate" / "zones.py").write_text(code)
    assert breaches("dnsupdate", tmp_path) == []
