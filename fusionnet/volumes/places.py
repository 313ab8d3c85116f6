"""Where chunked volumes lie: folders on a disk, or at an address (``https://``, ``s3://``, ``gs://``)."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fusionnet.errors import UserError
from fusionnet.files import FORMAT

ADDRESS = re.compile(r"(https?|s3|gs)://", re.IGNORECASE)
METADATA_FILES = ("zarr.json", ".zarray", ".zattrs", ".zgroup", "attributes.json", "info")
METADATA_SECONDS = 60.0  # that a file of metadata may take, all tries together
STALLED_SECONDS = 20  # without a byte, after which a request is tried again
RETRIES = {"max_retries": 3, "initial_delay": "0.5s", "max_delay": "4s"}
CACHE_BYTES = 1 << 27  # chunks kept in memory, of what is read from an address
SHOWN_CHARACTERS = 240  # of a library's message


def is_address(path: Path | str) -> bool:
    """Tell whether a volume lies at an address, and not on a disk."""
    return ADDRESS.match(FORMAT.sub("", str(path))) is not None


def metadata_fingerprint(address: str) -> str:
    """Return the SHA-256 of an address and of the metadata there; its chunks are not looked at."""
    place = Place(FORMAT.sub("", address))
    digest = hashlib.sha256(place.name.encode())
    for file in METADATA_FILES:
        digest.update(b"\0" + (place.read(file) or b""))
    return digest.hexdigest()


def require_inside(name: str, path: object) -> str:
    """Return a path that a volume's metadata name; raise a `UserError` if it leads out of the volume's folder.

    What lies there would be read without being a part of what was named, and could change without being noticed.
    """
    if str(path).startswith("/") or ".." in str(path).split("/"):
        raise UserError(f"{name}: its metadata name {path!r}, which lies outside of it; export it again, whole")
    return str(path)


@dataclass(frozen=True)
class Place:
    """A folder of metadata and chunks.

    Attributes:
        name: As the user wrote it.
    """

    name: str

    def __truediv__(self, inside: str) -> "Place":
        if not is_address(self.name):
            return Place(str(Path(self.name) / inside))
        parts = urlsplit(self.name)
        return Place(parts._replace(path=f"{parts.path.rstrip('/')}/{inside.strip('/')}").geturl())

    @property
    def path(self) -> str:
        """Its path: on the disk, or behind the server or the bucket."""
        return urlsplit(self.name).path.rstrip("/") if is_address(self.name) else self.name

    @property
    def parents(self) -> list["Place"]:
        """The folders around it, the nearest first."""
        if not is_address(self.name):
            return [Place(str(folder)) for folder in Path(self.name).resolve().parents]
        parts, pieces = urlsplit(self.name), self.path.split("/")
        return [Place(parts._replace(path="/".join(pieces[:n])).geturl()) for n in range(len(pieces) - 1, 0, -1)]

    def require(self) -> None:
        """Raise a `UserError` if it lies on a disk and is not there."""
        if self.is_local and not Path(self.name).exists():
            raise UserError(f"{self.name}: no such file or folder")

    @property
    def is_local(self) -> bool:
        """Whether it lies on a disk."""
        return not is_address(self.name)

    def read(self, file: str) -> bytes | None:
        """Return the content of a file of metadata; None where it is not there, or not for us to see.

        Raises:
            UserError: The address cannot be reached, or does not answer as a server of files does.
        """
        if self.is_local:
            path = Path(self.name) / file
            return path.read_bytes() if path.is_file() else None
        import tensorstore

        try:
            store = tensorstore.KvStore.open(self.kvstore, context=context(local=False)).result(METADATA_SECONDS)
            found = store.read(file).result(METADATA_SECONDS)
        except (ValueError, TimeoutError, NotImplementedError) as error:
            if re.match("NOT_FOUND|PERMISSION_DENIED", str(error)):  # a bucket that is not listed hides what is absent
                return None
            raise UserError(f"{self.name}: cannot be reached ({reason(error)}); is the address right?") from error
        return found.value if found.state == "value" else None

    def json(self, file: str) -> dict[str, Any] | None:
        """Return the content of a JSON file of metadata; None where there is none.

        Raises:
            UserError: As of `read`, or it is no JSON object.
        """
        content = self.read(file)
        if content is None:
            return None
        try:
            found = json.loads(content)
        except ValueError as error:
            page = " (a web page came back)" if content.lstrip()[:1] == b"<" else ""
            raise UserError(f"{self.name}: its {file} is no JSON{page}; fetch or export it again") from error
        if not isinstance(found, dict):
            raise UserError(f"{self.name}: its {file} holds no JSON object; fetch or export it again")
        return found

    def folders(self) -> list[str]:
        """Return the names of the folders in it, where they can be listed."""
        return sorted(each.name for each in Path(self.name).iterdir() if each.is_dir()) if self.is_local else []

    @property
    def kvstore(self) -> dict[str, Any]:
        """What tensorstore opens."""
        if self.is_local:
            return {"driver": "file", "path": f"{Path(self.name).resolve()}/"}
        parts = urlsplit(self.name)
        path = f"{parts.path.strip('/')}/".removeprefix("/")
        if parts.scheme.lower() == "s3":
            mine = _has_account("AWS_ACCESS_KEY_ID", "AWS_PROFILE", file=".aws/credentials")
            own = {"type": "default" if mine else "anonymous"}
            endpoint = {"endpoint": os.environ["AWS_ENDPOINT_URL"]} if os.environ.get("AWS_ENDPOINT_URL") else {}
            return {"driver": "s3", "bucket": parts.netloc, "path": path, "aws_credentials": own} | endpoint
        if parts.scheme.lower() == "gs":
            account = ".config/gcloud/application_default_credentials.json"
            if _has_account("GOOGLE_APPLICATION_CREDENTIALS", file=account):
                return {"driver": "gcs", "bucket": parts.netloc, "path": path}
            return {"driver": "http", "base_url": f"https://storage.googleapis.com/{parts.netloc}/", "path": path}
        return {"driver": "http", "base_url": parts._replace(path="", fragment="").geturl(), "path": f"/{path}"}


def _has_account(*variables: str, file: str) -> bool:
    return any(os.environ.get(name) for name in variables) or (Path.home() / file).is_file()


@cache
def context(local: bool) -> Any:
    """Return tensorstore's context: at an address, tries that come to an end, and chunks that are fetched once."""
    # Its HTTP client waits for ever for a server that has stopped answering, unless told by these.
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_TIME_SECONDS", str(STALLED_SECONDS))
    os.environ.setdefault("TENSORSTORE_CURL_LOW_SPEED_LIMIT_BYTES", "1")
    import tensorstore

    retries = {f"{kind}_request_retries": RETRIES for kind in ("http", "s3", "gcs")}
    return tensorstore.Context({} if local else retries | {"cache_pool": {"total_bytes_limit": CACHE_BYTES}})


def reason(error: Exception) -> str:
    """Return what a library says, on one line and without the dump of its state."""
    text = re.sub(r" \[[\w ]*(spec|locations|response_body)=.*", "", " ".join(str(error).split()))
    return text[:SHOWN_CHARACTERS] or type(error).__name__
