"""The two endpoints of httpreq."""

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from ddns import challenges
from ddns.address_updates import Caller, Outcome
from ddns.protocols import httpreq, json_bodies
from ddns.protocols.answers import Answer
from ddns.views import acme
from ddns.views.acme import Answering


def _by(verb: Callable[[Caller, str, str], Outcome]) -> Answering:
    def answer(caller: Caller, environ: WSGIEnvironment) -> Answer:
        wanted = httpreq.parse(json_bodies.parse(environ))
        if not caller.key:
            return httpreq.challenge()
        with acme.noting(caller, wanted.name):
            outcome = verb(caller, wanted.name, wanted.value)
        return httpreq.render(outcome, wanted)

    return answer


present = acme.view_of(httpreq, POST=_by(challenges.present))
cleanup = acme.view_of(httpreq, POST=_by(challenges.cleanup))
