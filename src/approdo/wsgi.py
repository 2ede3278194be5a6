"""The web process's entry point."""

import os

from django.core.wsgi import get_wsgi_application

from approdo import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "approdo.settings")
application = get_wsgi_application()
logs.for_service()
