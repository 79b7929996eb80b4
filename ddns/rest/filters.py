"""Filters of lists: what is given must mean something."""

from django.forms import Form
from django_filters.rest_framework import FilterSet


class Filters(FilterSet):
    """A filter that came without a value is an error, and not a list of everything."""

    @property
    def form(self) -> Form:
        form = super().form
        for name in form.fields.keys() & self.data.keys():
            form.fields[name].required = True
        return form
