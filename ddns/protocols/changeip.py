"""ChangeIP: dyndns2's requests with cmd=update, answered by a status and words in the body."""

from ddns.protocols.answers import Answer
from ddns.protocols.parameters import Parameters, last

SUCCESS = "200 Successful Update"
# Of its own codes only these are known to be read by clients: by their numbers.
_REFUSAL = "422"


def speaks(sent: Parameters) -> bool:
    return last(sent, "cmd").strip().lower() == "update"


def translated(answer: Answer) -> Answer:
    """dyndns2's answer in ChangeIP's words: one line for all hostnames, a success if there was one."""
    codes = [line.partition(" ")[0] for line in answer.body.decode().splitlines()]
    if not codes or answer.status != 200:
        return answer
    line = SUCCESS if {"good", "nochg"} & set(codes) else f"{_REFUSAL} {codes[0]}"
    return answer._replace(body=f"{line}\n".encode())
