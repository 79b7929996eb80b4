"""Helps: what a customer can do about a broken or open device, chosen by what was reported about it."""

# What listens where, as seen on home lines; the words for it.
_BY_PORT = {
    53: "help.open_resolver",
    **dict.fromkeys([19, 111, 123, 137, 161, 389, 1900, 3702, 5351, 5353, 11211], "help.reflector"),
    **dict.fromkeys([22, 23, 2323, 7547, 5555, 8291], "help.router"),
    **dict.fromkeys([554, 8000, 34567, 37215, 37777, 9530], "help.camera"),
    **dict.fromkeys([135, 139, 445, 3389, 5900, 5985], "help.remote_desktop"),
}
# The longest that fits wins.
_BY_KIND = {
    "vulnerability/": "help.open_service",
    "connection/infected_host": "help.infected_device",
    "connection/": "help.infected_device",
    "infrastructure/compromised": "help.hacked_server",
    "infrastructure/": "help.infected_device",
    "content/remote_compromise": "help.hacked_server",
    "content/": "help.content",
    "messaging/": "help.spam",
    "copyright/": "help.content",
    "reputation/": "help.listed",
}


def key(kind: str, port: int | None) -> str:
    """By the port where an open service was reported, else by the kind of report."""
    if kind.startswith("vulnerability/") and port in _BY_PORT:
        return _BY_PORT[port]
    fitting = [start for start in _BY_KIND if kind.startswith(start)]
    return _BY_KIND[max(fitting, key=len)] if fitting else "help.other"
