"""Flask: gunicorn -k gthread --threads 64 flask_app:app, or waitress-serve --threads=64 flask_app:app

Each open stream holds a thread: have more of them than browsers.
"""

from flask import Flask

from pinecall_sync import Pinecall

app = Flask(__name__)
pc = Pinecall()
pc.deploy("mara", prompt="You are Mara.", channels=["webrtc", "chat"])
pc.connect()


@app.get("/events")
def events():
    return pc.stream()
