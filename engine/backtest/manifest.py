"""``manifest.json``: the digests of a folder's other files, and its own, so that a change of any of them shows."""

from __future__ import annotations

import hashlib
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from engine.core.json_files import Json, to_json
from engine.core.seal import BLANK, is_sealed, seal

MANIFEST_FILE: Final = "manifest.json"
REPORT_FILE: Final = "report.html"
MAX_MANIFEST_BYTES: Final = 1_000_000
"""Of a manifest that is read; one that was written has some three thousand."""
_SEAL: Final = b'\n  "sha256": "'
"""What its own digest follows: the last of the outermost keys."""


class FileRecord(BaseModel):
    """A part of a file: what it must hold, whatever else it holds."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    def to_plain(self) -> dict[str, Json]:
        """Return the record as JSON-ready data; what it does not have is left out, not null."""
        return {key: value for key, value in self.model_dump(mode="json").items() if value is not None}


class Manifest(FileRecord):
    """What must be equal for equal bytes, and the SHA-256 of every other file by its name."""

    kind: str
    versions: dict[str, str]
    config_sha256: str
    data_sha256: str
    files: dict[str, str]

    def sign(self, name: str, content: bytes) -> Self:
        """Return the manifest with the digest of one more file, or of another one of that name."""
        return self.model_copy(update={"files": {**self.files, name: hashlib.sha256(content).hexdigest()}})

    def to_bytes(self) -> bytes:
        """Return the content of the file, sealed; files and seal are its last keys."""
        plain = self.to_plain()
        files = plain.pop("files")
        return seal(to_json({**plain, "files": files, "sha256": BLANK}), _SEAL)


def is_manifest_sealed(content: bytes) -> bool:
    """Tell whether a manifest's bytes are as they were written."""
    return is_sealed(content, _SEAL)
