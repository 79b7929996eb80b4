"""Refusals: what a stranger is told who asks too often, and when to come back."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


def too_often(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Says when, and by which other door a report comes in all the same."""
    response = render(request, "abuse/too_often.html", {"wait": wait, "at": timezone.now() + wait}, status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
