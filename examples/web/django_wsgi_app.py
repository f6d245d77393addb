"""Django over WSGI: gunicorn -k gthread --threads 64 django_wsgi_app:app

One file, so that it can be read at a glance; the view is the same in a project.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from pinecall_sync import Pinecall

pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])
pc.connect()


def events(request):
    return pc.stream().django(request)


urlpatterns = [path("events", events)]

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", "for development only"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
)
app = get_wsgi_application()
