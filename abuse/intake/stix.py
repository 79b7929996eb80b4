"""STIX 2.1 (and 2.0) bundles: indicators, what was observed, sightings; patterns are walked, never run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from abuse.errors import Unreadable
from abuse.intake import kinds, limits, moments, name_lists, subjects, text
from abuse.intake.drafts import Draft, Parsed, Party, Subject

FORMAT = "stix"

# STIX 2.1 §7.2.1.4 and the TLP 2.0 extension: what everybody refers to without sending it.
_TLP = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
_STRICTEST = ("red", "amber+strict", "amber", "green", "clear", "white")
_OBSERVABLES = {
    "domain-name": "ioc",
    "hostname": "ioc",
    "x-hostname": "ioc",
    "url": "url",
    "ipv4-addr": "ioc",
    "ipv6-addr": "ioc",
}

# STIX 2.1 §9: a comparison of a path with a text or a set of them. What is negated or compared otherwise names nothing.
# Possessive: what was read once is not read again in another way, which would take exponential time.
_TEXT = r"'(?:[^'\\]|\\.){0,4000}+'"
_COMPARISON = re.compile(
    r"\b(domain-name|hostname|x-hostname|url|ipv4-addr|ipv6-addr|network-traffic)\s{0,4}:\s{0,4}"
    r"(?:value|(?:dst|src)_ref\.value)\s{0,4}(?:=|==|IN)\s{0,4}"
    rf"(\(\s{{0,4}}+(?:{_TEXT}\s{{0,4}}+(?:,\s{{0,4}}+)?+){{1,1000}}+\)|{_TEXT})",
    re.DOTALL,
)
_PORT = re.compile(r"\bnetwork-traffic\s{0,4}:\s{0,4}dst_port\s{0,4}=\s{0,4}(\d{1,5})\b")
_HASH = re.compile(r"\bfile\s{0,4}:\s{0,4}hashes\.'?([A-Za-z0-9-]{3,10})'?\s{0,4}=\s{0,4}'([0-9A-Fa-f]{32,128})'")
_ONE_TEXT = re.compile(_TEXT, re.DOTALL)
_FALSE = re.compile(r"false[\s_-]?positive|benign", re.IGNORECASE)
_CONTROLLERS = frozenset({"remote-access-trojan", "bot", "backdoor", "ddos"})
DEFAULT = "reputation/threat_intelligence"

Object = Mapping[str, Any]


def is_one(value: Any) -> bool:
    return isinstance(value, dict) and (
        value.get("type") == "bundle"
        or ("spec_version" in value and str(value.get("type")) in ("indicator", "observed-data"))
    )


def read(value: Any, *, kind: str = "") -> Parsed:
    """An indicator is a draft, each object that no indicator has is, and a false positive is one that takes back.

    Raises Unreadable where nothing names a host.
    """
    said = value.get("objects") if value.get("type") == "bundle" else [value]
    objects = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    if len(objects) > limits.MAX_LINES:
        raise Unreadable(f"More than {limits.MAX_LINES:,} objects. Send it in parts.")
    bundle = _Bundle(objects)
    drafts: list[Draft] = []
    passed_over = 0
    for each in objects:
        if each.get("type") == "indicator":
            made = _of_indicator(each, bundle, kind)
            drafts += made
            passed_over += not made
    named = {(each.name, each.address, each.url) for draft in drafts for each in draft.subjects}
    drafts += [draft for draft in _of_observed(bundle, kind) if not named.issuperset(_keys(draft.subjects))]
    if not drafts:
        raise Unreadable(
            "The STIX bundle names no host: indicators of domain-name, hostname, url, ipv4-addr or ipv6-addr are read."
        )
    return Parsed(FORMAT, tuple(drafts), passed_over=passed_over)


class _Bundle:
    """The objects by their ids and what refers to what; read once, so that time stays linear."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self.by_id: dict[str, Object] = {str(each["id"]): each for each in objects if isinstance(each.get("id"), str)}
        self.malware_of: dict[str, list[Object]] = {}
        self.sightings_of: dict[str, list[Object]] = {}
        self.opinions_of: dict[str, list[Object]] = {}
        self.observed: list[Object] = []
        for each in objects:
            kind = text.line(each.get("type"))
            if kind == "relationship":
                self._relate(each)
            elif kind == "sighting":
                self.sightings_of.setdefault(text.line(each.get("sighting_of_ref")), []).append(each)
            elif kind == "opinion":
                for ref in _list(each.get("object_refs")):
                    self.opinions_of.setdefault(text.line(ref), []).append(each)
            elif kind == "observed-data" or kind in _OBSERVABLES:
                self.observed.append(each)

    def _relate(self, each: Object) -> None:
        target = self.by_id.get(text.line(each.get("target_ref")))
        if target is not None and target.get("type") in ("malware", "tool"):
            self.malware_of.setdefault(text.line(each.get("source_ref")), []).append(target)

    def party(self, each: Object) -> Party:
        identity = self.by_id.get(text.line(each.get("created_by_ref")), {})
        contact = re.search(r"[\w.+-]{1,64}@([\w.-]{1,253})", text.line(identity.get("contact_information")))
        return Party(
            org=text.line(identity.get("name"), 200),
            contact=contact[0] if contact else "",
            domain=contact[1].lower() if contact else "",
        )

    def tlp(self, each: Object) -> str:
        """The strictest of its markings."""
        found = {self._colour(text.line(ref)) for ref in _list(each.get("object_marking_refs"))}
        return next((colour for colour in _STRICTEST if colour in found), "")

    def _colour(self, ref: str) -> str:
        if ref in _TLP:
            return _TLP[ref]
        marking = self.by_id.get(ref, {})
        definition = marking.get("definition")
        said = definition.get("tlp") if isinstance(definition, dict) else marking.get("name")
        return re.sub(r"^tlp[: ]*", "", text.line(said, 30).lower()).replace("white", "clear")


def comparisons(pattern: str) -> tuple[tuple[Subject, ...], list[str]]:
    """Subjects of a pattern in order, and its hashes of files as algorithm:digest. Linear in its length."""
    pattern = pattern[: limits.MAX_PATTERN_CHARACTERS]
    ports = [int(each) for each in _PORT.findall(pattern) if 0 < int(each) < 65536]
    found: dict[tuple[str, str, str], Subject] = {}
    for kind, said in _COMPARISON.findall(pattern):
        for each in _ONE_TEXT.findall(said):
            value = re.sub(r"\\(.)", r"\1", each[1:-1], flags=re.DOTALL)
            subject = subjects.find(
                value.partition("/")[0] if kind.startswith("ipv") else value, _OBSERVABLES.get(kind, "ioc")
            )
            if subject is not None:
                if subject.port is None and len(ports) == 1:
                    subject = replace(subject, port=ports[0])
                found.setdefault((subject.name, subject.address, subject.url), subject)
    hashes = [f"{name.lower().replace('-', '')}:{digest.lower()}" for name, digest in _HASH.findall(pattern)]
    return tuple(found.values()), hashes


def _of_indicator(each: Object, bundle: _Bundle, kind: str) -> list[Draft]:
    pattern = each.get("pattern")
    if not isinstance(pattern, str) or text.line(each.get("pattern_type") or "stix") != "stix":
        return []
    found, hashes = comparisons(pattern)
    reference = text.line(each.get("id"))
    sightings = bundle.sightings_of.get(reference, [])[: limits.MAX_DETAIL_ITEMS]
    malware = bundle.malware_of.get(reference, [])[: limits.MAX_DETAIL_ITEMS]
    seen = [at for sighting in sightings if (at := moments.read(sighting.get("last_seen"))) and not _is_false(sighting)]
    draft = Draft(
        kind=_kind(each, malware, found) or kind or DEFAULT,
        subjects=(),
        evidence_at=max(seen, default=None)
        or moments.read(each.get("valid_from"))
        or moments.read(each.get("created")),
        description="\n".join(filter(None, [_text(each.get("name")), _text(each.get("description"))])),
        language=text.line(each.get("lang"), 10),
        reporter=bundle.party(each),
        external_id=reference,
        details=_details(each, bundle, malware, hashes),
        is_retraction=_is_taken_back(each, sightings, bundle.opinions_of.get(reference, [])),
    )
    return [replace(draft, subjects=chunk) for chunk in name_lists.chunks(found)]


def _of_observed(bundle: _Bundle, kind: str) -> Iterator[Draft]:
    """What observed-data refers to or holds, and observables that stand alone."""
    referred = {text.line(ref) for each in bundle.observed for ref in _list(each.get("object_refs"))}
    for each in bundle.observed:
        if each.get("type") == "observed-data":
            inline = each.get("objects")
            held = list(inline.values())[: limits.MAX_SUBJECTS] if isinstance(inline, dict) else []
            held += [bundle.by_id[ref] for ref in map(text.line, _list(each.get("object_refs"))) if ref in bundle.by_id]
        elif text.line(each.get("id")) in referred:
            continue
        else:
            held = [each]
        found = [_observable(one) for one in held if isinstance(one, dict)]
        distinct = tuple(dict.fromkeys(one for one in found if one is not None))
        if not distinct:
            continue
        sightings = bundle.sightings_of.get(text.line(each.get("id")), [])
        yield Draft(
            kind=kind or DEFAULT,
            subjects=distinct[: limits.MAX_SUBJECTS],
            evidence_at=next(
                filter(None, (moments.read(each.get(key)) for key in ("last_observed", "modified", "created"))), None
            ),
            reporter=bundle.party(each),
            external_id=text.line(each.get("id"), limits.MAX_ID_CHARACTERS),
            details=_details(each, bundle, [], []),
            is_retraction=any(map(_is_false, sightings)),
        )


def _observable(each: Object) -> Subject | None:
    role = _OBSERVABLES.get(text.line(each.get("type")))
    return subjects.find(each.get("value"), role) if role else None


def _kind(each: Object, malware: Sequence[Object], found: Sequence[Subject]) -> str:
    """By its types and labels, the malware it indicates, its place in the kill chain, then its words."""
    phases = {
        text.line(phase.get("phase_name")).lower()
        for phase in _list(each.get("kill_chain_phases"))
        if isinstance(phase, dict)
    }
    types = {text.line(said).lower() for one in malware for said in _list(one.get("malware_types"))}
    is_by_url = bool(found) and all(one.url for one in found)
    if "command-and-control" in phases or (types & _CONTROLLERS and not is_by_url):
        return "infrastructure/botnet"
    said = [said for key in ("labels", "indicator_types") for said in _list(each.get(key))]
    if (kind := kinds.of_words(*[one for one in said if one != "malicious-activity"])) not in ("", DEFAULT):
        return kind
    if malware:
        return "content/malware"
    guessed = kinds.of_prose(text.line(each.get("name")), text.line(each.get("description"), 2_000))
    return (
        guessed if guessed != kinds.OTHER else "content/malware" if "malicious-activity" in said and is_by_url else ""
    )


def _details(each: Object, bundle: _Bundle, malware: Sequence[Object], hashes: list[str]) -> dict[str, Any]:
    said_confidence = each.get("confidence")
    references = [ref for ref in _list(each.get("external_references")) if isinstance(ref, dict)]
    types = [text.line(said) for one in malware for said in _list(one.get("malware_types"))]
    details = {
        "malware_family": next(filter(None, (text.line(one.get("name")) for one in malware)), ""),
        "malware_type": types[0] if types else "",
        "confidence": said_confidence / 100
        if isinstance(said_confidence, int) and 0 <= said_confidence <= 100
        else None,
        "tags": [
            tag
            for key in ("labels", "indicator_types")
            for said in _list(each.get(key))
            if (tag := text.line(said, 100))
        ],
        "tlp": bundle.tlp(each),
        "reference": next(filter(None, (text.line(ref.get("url"), 1_000) for ref in references)), ""),
        "file_hashes": hashes[: limits.MAX_DETAIL_ITEMS],
        "pattern": _text(each.get("pattern"))[:1_000],
        "valid_until": text.line(each.get("valid_until"), 40),
    }
    return {name: value for name, value in details.items() if value not in (None, "", [])}


def _is_taken_back(each: Object, sightings: Sequence[Object], opinions: Sequence[Object]) -> bool:
    """Revoked, called benign, or sighted as a false positive more lately than as a true one."""
    if each.get("revoked") is True or any(
        _FALSE.fullmatch(text.line(said)) for said in _list(each.get("indicator_types"))
    ):
        return True
    if any(text.line(one.get("opinion")) == "strongly-disagree" for one in opinions):
        return True
    return bool(sightings) and all(map(_is_false, sightings))


def _is_false(sighting: Object) -> bool:
    """STIX has no field for it; MISP and OpenCTI say it in these."""
    said = [*_list(sighting.get("labels")), sighting.get("description"), sighting.get("x_opencti_false_positive")]
    kind = sighting.get("x_misp_sighting_type", sighting.get("x_misp_type"))
    return (
        sighting.get("x_opencti_negative") is True
        or text.line(kind) == "1"
        or any(one is True or bool(_FALSE.search(text.line(one))) for one in [*said, kind])
    )


def _keys(found: Sequence[Subject]) -> set[tuple[str, str, str]]:
    return {(each.name, each.address, each.url) for each in found}


def _list(value: object) -> list[Any]:
    return value[: limits.MAX_SUBJECTS] if isinstance(value, list) else []


def _text(value: object) -> str:
    return text.clean(value[: limits.MAX_DESCRIPTION_CHARACTERS + 1]) if isinstance(value, str) else ""
