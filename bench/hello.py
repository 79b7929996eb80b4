"""The bare view that measurements are compared with."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PATH = "/hello"


class Hello:
    """Answers /hello with `hello`, and nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == PATH:
            return HttpResponse(b"hello\n", content_type="text/plain", headers={"Content-Length": "6"})
        return self.get_response(request)
