"""flask_sock_rooms.py with gunicorn's gevent worker. Prints its port."""

from gunicorn.app.base import BaseApplication


class Rooms(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", "gevent")
        self.cfg.set("worker_connections", 10_000)
        self.cfg.set("graceful_timeout", 1)
        self.cfg.set("loglevel", "error")
        self.cfg.set("when_ready", lambda arbiter: print(arbiter.LISTENERS[0].sock.getsockname()[1], flush=True))

    def load(self):
        from flask_sock_rooms import app  # in the worker, after gevent's patch

        return app


if __name__ == "__main__":
    Rooms().run()
