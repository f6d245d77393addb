"""Django over ASGI: uvicorn django_asgi_app:app --lifespan on

Django has no lifespan of its own; the few lines at the end give it one.
"""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

from pinecall import Pinecall

pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])


def events(request):
    return pc.stream().django(request)


urlpatterns = [path("events", events)]

settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", "for development only"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
)
django = get_asgi_application()


async def app(scope, receive, send):
    if scope["type"] != "lifespan":
        await django(scope, receive, send)
        return
    await receive()
    async with pc:
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
