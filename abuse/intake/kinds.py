"""Kinds: category/type in XARF's words, whatever the format calls it (RSIT, abuse.ch, X-ARF, plain language)."""

import re

from abuse.intake import limits, text

OTHER = "other/unclassified"

# XARF 4.2, all 32.
TYPES = {
    "messaging": "spam bulk_messaging",
    "connection": (
        "login_attack port_scan ddos infected_host reconnaissance scraping sql_injection vulnerability_scan"
    ),
    "content": (
        "phishing malware csam csem exposed_data brand_infringement fraud remote_compromise suspicious_registration"
    ),
    "copyright": "copyright p2p cyberlocker ugc_platform link_site usenet",
    "vulnerability": "cve open_service misconfiguration",
    "infrastructure": "botnet compromised_server",
    "reputation": "blocklist threat_intelligence",
}
ALL = tuple(f"{category}/{each}" for category, types in TYPES.items() for each in types.split())
_CATEGORY_OF = {kind.partition("/")[2]: kind.partition("/")[0] for kind in ALL}

# Nobody may hold these: their media are left out of every draft.
WITHOUT_MEDIA = frozenset({"content/csam", "content/csem"})

# What other vocabularies say, without case, blanks, hyphens and underscores.
_MEANINGS = {
    "content/phishing": (
        "phish phishingwebsite phishingurl phishingsite phisingwebsite credentialharvesting credentialtheft masquerade"
        " socialengineering smishing"
    ),
    "content/malware": (
        "malwaredistribution malwaredownload malwarehosting malwareurl payloaddelivery payload distributionwebsite"
        " malwareattack maliciousactivity virus trojan ransomware dropper downloader maliciouscode exploit"
        " malwareconfiguration maliciouswebsite driveby binary ccskimming"
    ),
    "infrastructure/botnet": (
        "c2 cc c2server c2domain cnc candc botnetcc botnetcontroller botnetcnc commandandcontrol commandcontrol rat"
        " botnetdrone remoteaccesstrojan c&c dgadomain botnetc2"
    ),
    "content/fraud": "scam fakeshop fraudurl investmentscam advancefee counterfeit fake",
    "content/brand_infringement": "brand trademark trademarkinfringement brandabuse impersonation typosquatting lookalike",
    "content/suspicious_registration": "suspiciousdomain suspiciousname suspicious anomalousactivity newlyregistered",
    "content/remote_compromise": "compromisedwebsite hackedwebsite hackedsite defacement webshell compromised compromisedsite",
    "content/csam": "childabuse childsexualabusematerial csa childpornography childporn csai",
    "content/csem": "childsexualexploitation",
    "content/exposed_data": "dataleak leak doxing doxxing databreach unauthorisedinformationaccess dataloss",
    "connection/infected_host": "infectedsystem bot drone infected botnetinfection infectedhost malwareinfection botinfected",
    "connection/login_attack": (
        "bruteforce brute loginattempt sshattack ftpattack imapattack webattack login hackattempt hacking attack"
        " passwordguessing loginattacks ssh"
    ),
    "connection/port_scan": "scan scanner portscanning scanning networkscan",
    "connection/ddos": "dos denialofservice ddosattack ddosamplifier",
    "connection/vulnerability_scan": "exploitattempt idsalert webscan",
    "connection/scraping": "crawler badbot harvesting",
    "connection/sql_injection": "sqli",
    "connection/reconnaissance": "recon sniffing",
    "messaging/spam": "spamming spammessage spamvertisedwebsite mailspam harmfulspeech abuse commentspam forumspam blogspam junk",
    "messaging/bulk_messaging": "bulk bulkmail newsletter",
    "copyright/copyright": "dmca piracy copyrightinfringement copyrightviolation noticeandtakedownrequest",
    "copyright/p2p": "bittorrent torrent filesharing",
    "vulnerability/open_service": "openresolver openproxy potentiallyunwantedaccessible opendns openntp vulnerableservice",
    "vulnerability/cve": "vulnerablesystem vulnerable vulnerability weakcrypto",
    "vulnerability/misconfiguration": "misconfigured",
    "infrastructure/compromised_server": (
        "hackedserver systemcompromise accountcompromise applicationcompromise privilegedaccountcompromise"
    ),
    "reputation/blocklist": "blacklist listed rbl dnsbl",
    "reputation/threat_intelligence": "ioc indicator threat apt networkactivity threatintel",
    OTHER: "other misc unknown undetermined info",
}  # fmt: skip
_BY_WORD = {word: kind for kind, words in _MEANINGS.items() for word in words.split()}
_BY_WORD |= {each.replace("_", ""): f"{category}/{each}" for each, category in _CATEGORY_OF.items()}
_BARE = re.compile(r"[^a-z0-9&]+")

# Of prose. The first of equals counts, so the gravest stand first; a child's protection beats every count.
_PROSE = tuple(
    (kind, re.compile(rf"(?<!\w)(?:{words})", re.IGNORECASE))
    for kind, words in (
        ("content/csam", r"csam\b|child[- ](?:porn|sexual|abuse)|kinderporno|abus sexuels? sur (?:des )?(?:enfant|mineur)"),
        ("content/csem", r"csem\b|child exploitation|sextortion of (?:a )?minor"),
        ("content/phishing", r"phish|fake (?:login|log-in|bank)|hameçonnage|credential (?:theft|harvest)|spoofed (?:login|site)"),
        (
            "infrastructure/botnet",
            r"c2\b|c&c\b|cnc\b|command[ -](?:and|&)[ -]control|botnet|remote access trojan|"
            r"(?:nj|async|dc|orcus|quasar|lime|wsh)?rat\b|remcos|nanocore|darkcomet|xworm|netwire|bladabindi",
        ),
        ("content/malware", r"malware|malicious (?:file|software|download|code)|trojan|ransomware|virus\b|schadsoftware|payload"),
        ("content/fraud", r"fraud|scam|fake shop|betrug|fakeshop|investment|escroquerie"),
        ("content/brand_infringement", r"trade ?mark|brand (?:abuse|infringement|impersonat)|impersonat|counterfeit|markenrecht"),
        ("copyright/copyright", r"copyright|dmca|infring|piracy|urheberrecht|droit d'auteur"),
        ("content/exposed_data", r"doxx?(?:ed|ing)|personal data|leaked|data (?:leak|breach)"),
        ("content/remote_compromise", r"hacked (?:web)?site|compromised (?:web)?site|web ?shell|defaced"),
        ("connection/ddos", r"d?dos attack|denial[ -]of[ -]service"),
        (
            "connection/login_attack",
            r"brute[ -]?force|(?:login|ssh|ftp|smtp|rdp) attack|failed (?:login|password)|login attempts",
        ),
        ("connection/port_scan", r"port ?scan"),
        ("vulnerability/open_service", r"open (?:resolver|proxy|relay)|cve-\d{4}|vulnerable (?:service|server)"),
        ("messaging/spam", r"spam|unsolicited|junk mail|bulk mail"),
    )
)  # fmt: skip


def of(category: object, kind_of_it: object) -> str:
    """category/type as XARF spells it, known or not; empty where either is missing and cannot be told from the other."""
    first, second = _word(category), _word(kind_of_it)
    if second in _CATEGORY_OF and not first:
        first = _CATEGORY_OF[second]
    return f"{first}/{second}"[: limits.MAX_KIND_CHARACTERS] if first and second else ""


def of_words(*said: object) -> str:
    """The kind that the first understood of these means; empty where none is."""
    for each in said:
        whole = text.line(each, 100).lower()
        if (kind := whole.replace("-", "_").replace(" ", "_")) in ALL:
            return kind
        bare = _BARE.sub("", whole.rpartition(":")[2] if ":" in whole else whole)
        if bare in _BY_WORD:
            return _BY_WORD[bare]
    return ""


def of_prose(subject: str, body: str) -> str:
    """The kind that a letter speaks of most; words of its subject line count three times. OTHER where it does not say."""
    body = body[: limits.MAX_PROSE_CHARACTERS]
    counts: dict[str, int] = {}
    for kind, words in _PROSE:
        count = 3 * len(words.findall(subject)) + len(words.findall(body))
        if count and kind in WITHOUT_MEDIA:
            return kind
        if count:
            counts[kind] = count
    return max(counts, key=lambda kind: counts[kind]) if counts else OTHER


def _word(said: object) -> str:
    return text.line(said, 40).lower().strip().replace("-", "_").replace(" ", "_").replace("/", "_")
