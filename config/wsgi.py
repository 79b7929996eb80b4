"""The WSGI application that the web server loads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

pages = get_wsgi_application()

from ddns import background  # noqa: E402 - Django must be set up first
from ddns.wsgi import Devices  # noqa: E402

application = Devices(pages)
background.start()
