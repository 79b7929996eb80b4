"""The provider set-up: what docker-compose.yml promises, its secrets, its settings and their table."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
PROVIDER = ROOT / "deploy" / "provider"
SECRETS = {
    "DDNS_SECRET_KEY",
    "DDNS_POSTGRES_PASSWORD",
    "DDNS_REDIS_PASSWORD",
    "DDNS_PUBLISHER_KEY",
    "DDNS_TRANSFER_KEY",
}
PLATFORM = {"web", "api", "publish", "tasks", "beat", "nsupdate", "setup"}
# Who is given which secret; what is listed in no line is given to nobody.
NEEDS = {
    "DDNS_SECRET_KEY": PLATFORM,
    "DDNS_SECRET_KEY_FALLBACKS": PLATFORM,
    "DDNS_POSTGRES_PASSWORD": PLATFORM | {"postgres"},
    "DDNS_REDIS_PASSWORD": PLATFORM | {"redis"},
    "DDNS_PUBLISHER_KEY": {"bind", "setup"},
    "DDNS_PUBLISHER_KEY_OLD": {"bind"},
    "DDNS_TRANSFER_KEY": {"bind", "knot"},
    "DDNS_SMTP_PASSWORD": {"web", "tasks"},
    "DDNS_METRICS_TOKEN": {"web"},
}
# Not passed on: nothing to choose in a container.
FIXED = {"DDNS_WEB_PORT", "DDNS_STATIC_ROOT", "DDNS_EMBEDDED_ZONES"}
BASE_IMAGES = {
    "debian:trixie-slim",
    "python:3.13-slim-trixie",
    "postgres:17-trixie",
    "redis:8-trixie",
    "cznic/knot:3.4",
    "internetsystemsconsortium/bind9:9.20",
    "caddy:2",
}
LONG_RUNNING = ["postgres", "redis", "bind", "knot", "web", "api", "publish", "tasks", "beat", "nsupdate", "caddy"]
ARGUMENTS = {
    "--host": "dyn.example.net",
    "--domain": "ddns.example",
    "--email": "admin@example.net",
    "--nameserver": "ns1.ddns.example=192.0.2.53",
}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / ".env"


def make_env(output: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    arguments = {**ARGUMENTS, **{f"--{name}": value for name, value in changes.items()}, "--output": str(output)}
    argv = [ROOT / "deploy" / "make-env", *(word for pair in arguments.items() for word in pair if pair[1])]
    return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def values(output: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", output.read_text(), re.M))


def made(output: Path, **changes: str) -> dict[str, str]:
    done = make_env(output, **changes)
    assert done.returncode == 0, done.stderr
    return values(output)


# --- docker-compose.yml -----------------------------------------------------------------------------------


def test_every_service_is_known(compose):
    assert sorted(compose["services"]) == sorted([*LONG_RUNNING, "setup"])


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_service_comes_back_and_says_how_it_is(compose, name):
    service = compose["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_set_up_is_tried_until_it_is_done(compose):
    assert compose["services"]["setup"]["restart"] == "on-failure"


@pytest.mark.parametrize("name", [*LONG_RUNNING, "setup"])
def test_service_is_confined(compose, name):
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "pid", "network_mode"} & set(service)
    assert all(service[limit] for limit in ("mem_limit", "cpus", "pids_limit"))


@pytest.mark.parametrize("name", [*LONG_RUNNING, "setup"])
def test_service_runs_as_no_root(compose, name):
    assert user_of(compose, compose["services"][name]) not in (None, "root", "0")


def user_of(compose: dict, service: dict) -> str | None:
    """The user of the service, or the last one that its image's stage names."""
    if "user" in service:
        return service["user"]
    builder = next(
        each for each in compose["services"].values() if each["image"] == service["image"] and "build" in each
    )
    build = builder["build"]
    text = (ROOT / build["context"] / "Dockerfile").read_text()
    stages = re.split(r"^FROM ", text, flags=re.M)[1:]
    target = build.get("target")
    stage = next(each for each in stages if each.splitlines()[0].endswith(f" AS {target}")) if target else stages[-1]
    users = re.findall(r"^USER (\S+)$", stage, re.M)
    return users[-1] if users else None


def test_only_what_is_for_the_public_publishes_ports(compose):
    assert {name for name, service in compose["services"].items() if "ports" in service} == {
        "caddy",
        "knot",
        "nsupdate",
    }


def test_only_known_images_are_used(compose):
    built = {service["image"] for service in compose["services"].values() if "build" in service}
    used = {service["image"] for service in compose["services"].values()} - built
    stages = set()
    for dockerfile in (ROOT / "Dockerfile", PROVIDER / "Dockerfile"):
        for image, stage in re.findall(r"^FROM (\S+)(?: AS (\S+))?$", dockerfile.read_text(), re.M):
            used |= {image} - stages
            stages.add(stage)
    assert used <= BASE_IMAGES


def test_no_service_starts_without_its_secrets():
    defaults = re.findall(r"\$\{(DDNS_[A-Z0-9_]+)(:[-?][^}]*)?\}", COMPOSE.read_text())
    given = {(name, default) for name, default in defaults if name in SECRETS}
    assert given == {(name, ":?run deploy/make-env") for name in SECRETS}


@pytest.mark.parametrize("name", NEEDS)
def test_secret_is_given_to_nobody_who_does_not_need_it(compose, name):
    given = {
        service
        for service, its in compose["services"].items()
        if any(re.search(rf"\b{name}\b", f"{key} {value}") for key, value in its.get("environment", {}).items())
    }
    assert given == NEEDS[name]


@pytest.mark.parametrize("name", sorted(PLATFORM))
def test_service_knows_whether_mail_can_be_sent(compose, name):
    """Else a key that is made by the REST API, which is a service of its own, is told to nobody."""
    assert "DDNS_SMTP_HOST" in compose["services"][name]["environment"]


def test_no_service_is_given_the_whole_of_env(compose):
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    assert not [name for name, service in compose["services"].items() if "env_file" in service]
    assert not [mount for mount in mounts if re.match(r"\.(/(\.env)?)?:", mount)]


def test_every_setting_of_the_platform_can_be_made_in_env(compose):
    assert documented("The platform") - FIXED <= set(compose["services"]["web"]["environment"])


def test_platform_is_not_the_superuser_of_its_database(compose):
    start = (PROVIDER / "postgres" / "start").read_text()
    role = re.match(r"postgresql://(\w+):", compose["x-environment"]["DATABASE_URL"])[1]
    superuser = re.search(r"initdb.* --username=(\w+)", start)[1]
    assert superuser != role
    assert f"CREATE ROLE {role} LOGIN PASSWORD" in start


def test_everything_worth_keeping_is_in_a_named_volume(compose):
    assert set(compose["volumes"]) == {"postgres", "bind", "knot", "caddy"}
    for name in compose["volumes"]:
        assert any(mount.startswith(f"{name}:/srv/{name}") for mount in compose["services"][name]["volumes"])


def test_images_hold_no_secrets_and_no_development_servers():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    taken = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert taken == {"abuse", "config", "ddns", "dnsupdate", "deploy/provider/app", "manage.py", "requirements.txt"}


@pytest.mark.parametrize(
    "script", [path for path in PROVIDER.rglob("*") if path.is_file() and os.access(path, os.X_OK)]
)
def test_script_is_well_formed(script):
    interpreter = script.read_text().splitlines()[0].removeprefix("#!")
    check = {"/bin/sh": ["sh", "-n"], "/bin/bash": ["bash", "-n"]}
    argv = check.get(interpreter, [sys.executable, "-m", "py_compile"])
    done = subprocess.run([*argv, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- deploy/make-env --------------------------------------------------------------------------------------


def test_env_is_private(output):
    made(output)
    assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_env_holds_what_the_compose_file_requires(output):
    required = set(re.findall(r"\$\{(DDNS_[A-Z0-9_]+):\?", COMPOSE.read_text()))
    assert required <= {name for name, value in made(output).items() if value}


def test_secrets_are_fresh_and_differ_from_each_other(tmp_path):
    first, second = made(tmp_path / "first"), made(tmp_path / "second")
    made_here = sorted({*SECRETS, "DDNS_METRICS_TOKEN"})
    secrets = [each[name].rpartition(":")[2] for each in (first, second) for name in made_here]
    assert len(set(secrets)) == 2 * len(made_here)
    assert min(map(len, secrets)) >= 44


def test_env_is_never_overwritten(output):
    made(output)
    before = output.read_text()
    done = make_env(output)
    assert done.returncode == 1
    assert "there already" in done.stderr
    assert output.read_text() == before


def test_dangling_link_is_not_followed(output, tmp_path):
    output.symlink_to(tmp_path / "elsewhere")
    assert make_env(output).returncode == 1
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"host": "dyn example"}, "no host name"),
        ({"host": "www.ddns.example"}, "names belong to customers"),
        ({"domain": "ddns..example"}, "no domain name"),
        ({"email": "admin"}, "no e-mail address"),
        ({"nameserver": "ns1.ddns.example"}, "needs an address"),
        ({"nameserver": "ns1.ddns.example=home=1"}, "NAME=ADDRESS"),
        ({"dns-port": "dns"}, "neither PORT"),
        ({"host": ""}, "nobody to ask"),
        ({"colour": "blue"}, "not known"),
    ],
)
def test_odd_answer_is_named_and_nothing_written(output, changes, complaint):
    done = make_env(output, **changes)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert not output.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"DDNS_SITE_URL": "https://dyn.example.net", "DDNS_TLS": "admin@example.net"}),
        ({"host": "Dyn.Example.NET."}, {"DDNS_HOSTS": "dyn.example.net"}),
        ({"host": "localhost"}, {"DDNS_TLS": "internal"}),
        ({"https-port": "127.0.0.1:8443"}, {"DDNS_SITE_URL": "https://dyn.example.net:8443"}),
        ({"host": "ddns.example"}, {"DDNS_HSTS_SUBDOMAINS": "false"}),
        ({"host": "example.net", "domain": "dyn.example.net"}, {"DDNS_HSTS_SUBDOMAINS": "false"}),
        ({"host": "dyn.example.net"}, {"DDNS_HSTS_SUBDOMAINS": "true"}),
    ],
)
def test_env_follows_from_the_answers(output, changes, expected):
    if changes.get("domain"):
        changes = {**changes, "nameserver": "ns1.example.org"}
    assert expected.items() <= made(output, **changes).items()


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["dyn.example.net", "ddns.example"])
def test_provider_settings_pass_djangos_deployment_check(compose, output, host):
    env_file = made(output, host=host)
    environment = environment_of(compose["services"]["web"], env_file)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**inherited, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def environment_of(service: dict, env_file: dict[str, str]) -> dict[str, str]:
    """What Compose gives to the service: a name without a value is taken from .env, or left out."""
    given = {name: env_file.get(name) if text is None else text for name, text in service["environment"].items()}
    return {name: expanded(text, env_file) for name, text in given.items() if text is not None}


def expanded(text: str, env_file: dict[str, str]) -> str:
    """As Compose reads ${NAME:-default} and ${NAME:?message}."""
    return re.sub(r"\$\{([A-Z0-9_]+)(?::-([^}]*)|:\?[^}]*)?\}", lambda each: env_file.get(each[1]) or each[2], text)


def documented(heading: str) -> set[str]:
    section = (ROOT / "docs" / "settings.md").read_text().split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", section, re.M))


def test_table_of_the_platform_is_what_the_settings_read():
    text = "".join(
        (ROOT / "config" / f"{name}.py").read_text() for name in ("environment", "settings", "abuse_settings")
    )
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z0-9_]+)"', text))
    assert documented("The platform") == read


def test_table_of_the_provider_set_up_is_what_its_files_read():
    files = [COMPOSE, ROOT / "config" / "heartbeat.py", *(path for path in PROVIDER.rglob("*") if path.is_file())]
    read = {name for path in files for name in re.findall(r"\bDDNS_[A-Z0-9_]+\b", path.read_text(errors="replace"))}
    required = set(re.findall(r"\$\{(DDNS_[A-Z0-9_]+):\?", COMPOSE.read_text()))
    # Passed on as they are.
    own = documented("The platform") - required
    assert documented("The provider set-up") == read - own


def test_table_of_trying_is_what_its_programs_read():
    files = [ROOT / "run", ROOT / "test", ROOT / "tests" / "servers.py", *(ROOT / "deploy" / "local").glob("*.py")]
    files.append(ROOT / "ddns" / "management" / "commands" / "seed_demo.py")
    text = "\n".join(path.read_text() for path in files)
    read = set(re.findall(r"\b(?:DDNS_[A-Z0-9_]+|TEST_[A-Z]+_URL|DATABASE_URL|REDIS_URL)\b", text))
    passed_on = {"DDNS_MODE", "DDNS_SECRET_KEY", "DDNS_EMBEDDED_ZONES", "DDNS_STATIC_ROOT", "DDNS_NAMESERVERS"}
    assert documented("Trying and testing") == read - passed_on
