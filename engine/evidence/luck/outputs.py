"""The files of ``engine luck``: its summary, the config it answers to, and a manifest that signs them and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from engine.backtest.config import RunConfig
from engine.backtest.manifest import MANIFEST_FILE
from engine.backtest.output_folders import CONFIG_FILE, SUMMARY_FILE
from engine.backtest.run_summary import package_versions
from engine.backtest.signed_files import SignedFiles, SignedFolder
from engine.core.errors import ConfigError, OutputError
from engine.core.files import atomic_write
from engine.core.json_files import to_json
from engine.core.plug_ins import plug_in_versions
from engine.core.yaml_document import load_plain
from engine.evidence.luck.summary import LuckManifest, LuckSummary
from engine.portfolio.policy import PolicyT

LUCK_FILES: Final = SignedFiles("luck", "run `engine luck` again")


@dataclass(frozen=True)
class FinishedLuck:
    """What ``engine luck`` left in a folder; ``config`` is the resolved one as plain data."""

    path: Path
    summary: LuckSummary
    manifest: LuckManifest
    config: Mapping[str, object]


def write_luck(config: RunConfig[PolicyT], summary: LuckSummary, folder: Path) -> None:
    """Write the files but the page into a folder that nobody else sees yet."""
    files = {
        CONFIG_FILE: yaml.safe_dump(config.canonical(), sort_keys=False, allow_unicode=True).encode(),
        SUMMARY_FILE: to_json(summary.to_plain()),
    }
    manifest = LuckManifest(
        versions=package_versions(plug_in_versions(config)),
        config_sha256=config.sha256(),
        data_sha256=summary.data.sha256,
        files={},
    )
    for name, content in files.items():
        atomic_write(folder / name, content)
        manifest = manifest.sign(name, content)
    atomic_write(folder / MANIFEST_FILE, manifest.to_bytes())


def read_luck(folder: Path) -> FinishedLuck:
    """Read what ``engine luck`` wrote.

    Raises OutputError when a file is not there, DataError when one is damaged or was changed.
    """
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; name one that `engine luck` wrote, as runs/my-portfolio.luck")
    signed = SignedFolder(folder, LUCK_FILES, LuckManifest)
    config: object = None
    with signed.gather():
        summary = signed.read_record(SUMMARY_FILE, LuckSummary)
    with signed.gather():
        try:
            config = load_plain(signed.read(CONFIG_FILE).decode("utf-8"))
        except (ConfigError, UnicodeDecodeError) as error:
            why = error.faults[0].message if isinstance(error, ConfigError) else "it is not UTF-8"
            raise LUCK_FILES.damage_error(folder / CONFIG_FILE, why) from None
    signed.raise_faults()
    return FinishedLuck(folder, summary, signed.manifest, config if isinstance(config, Mapping) else {})
