"""A web server on this machine whose answers a test may damage."""

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote


@dataclass
class Server:
    """What is served, by path, and what was asked for.

    Attributes:
        files: Contents by path.
        folder: Also serves the files in it.
        status: Answers everything so, whatever is there.
        page: Answers 200 and this page, whatever is there.
        stalls: Sends nothing.
        cut_short: Paths of which half is sent, and the connection closed.
        stalls_in: Paths of which half is sent, and nothing more.
        sent_on: Addresses by the paths that are sent on there.
        whole: Sends whole files, whatever part is asked for, as `http.server` does.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    folder: Path | None = None
    status: int | None = None
    page: bytes | None = None
    stalls: bool = False
    whole: bool = False
    requested: list[str] = field(default_factory=list)
    cut_short: set[str] = field(default_factory=set)
    stalls_in: set[str] = field(default_factory=set)
    sent_on: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def content(self, path: str) -> bytes | None:
        if self.page is not None:
            return self.page
        file = self.folder / path if self.folder else None
        return file.read_bytes() if file and file.is_file() else self.files.get(path)


@contextmanager
def serve() -> Iterator[Server]:
    """Serve on a free port until the block ends."""
    answers = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0]).lstrip("/")
            answers.requested.append(path)
            if answers.stalls:
                answers.ended.wait()
                return None
            if path in answers.sent_on:
                self.send_response(302)
                self.send_header("Location", answers.sent_on[path])
                self.send_header("Content-Length", "0")
                return self.end_headers()
            content = answers.content(path)
            if content is None or answers.status:
                return self.send_error(answers.status or 404)
            span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            span = None if answers.whole else span
            if span:
                first, last, size = span[1], span[2], len(content)
                start = int(first) if first else size - int(last)
                stop = min(int(last) + 1, size) if first and last else size
                content = content[start:stop]
            self.send_response(206 if span else 200)
            if span:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            for name, value in answers.headers.get(path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return None
            half = path in answers.cut_short | answers.stalls_in
            self.wfile.write(content[: len(content) // 2] if half else content)
            if path in answers.stalls_in:
                answers.ended.wait()
            return None

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    class Web(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # of 5, some of many requests at once would wait a second

    with Web(("127.0.0.1", 0), Handler) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        answers.url = f"http://127.0.0.1:{web.server_address[1]}/"
        yield answers
        answers.ended.set()
        web.shutdown()
        thread.join()
