"""A web server on this machine whose answers a test may damage."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Server:
    """What is served, by path, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    cut_short: set[str] = field(default_factory=set)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""


@contextmanager
def serve() -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    answers = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            answers.requested.append(path)
            if path not in answers.files:
                return self.send_error(404)
            content = answers.files[path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            for name, value in answers.headers.get(path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if path in answers.cut_short else content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        answers.url = f"http://127.0.0.1:{web.server_address[1]}/"
        yield answers
        web.shutdown()
        thread.join()
