"""The files of ``engine luck``: its summary, the config it answers to, and a manifest that signs both."""

from __future__ import annotations

from pathlib import Path

import yaml

from engine.backtest.config import RunConfig
from engine.backtest.manifest import MANIFEST_FILE
from engine.backtest.outputs import CONFIG_FILE, LUCK_KIND, SUMMARY_FILE, refuse_other_kind
from engine.backtest.run_summary import package_versions
from engine.core.files import atomic_write
from engine.core.json_files import to_json
from engine.core.publication import stage_folder
from engine.evidence.luck.summary import LuckManifest, LuckSummary
from engine.portfolio.policy import PolicyT


def publish_luck(config: RunConfig[PolicyT], summary: LuckSummary, folder: Path) -> None:
    """Put the files in place in ``folder``, all or none; raises OutputError when it holds something else."""
    files = {
        CONFIG_FILE: yaml.safe_dump(config.canonical(), sort_keys=False, allow_unicode=True).encode(),
        SUMMARY_FILE: to_json(summary.to_plain()),
    }
    manifest = LuckManifest(
        versions=package_versions(),
        config_sha256=config.sha256(),
        data_sha256=summary.data.sha256,
        files={},
    )
    with stage_folder(folder, lambda place: refuse_other_kind(place, LUCK_KIND)) as staging:
        for name, content in files.items():
            atomic_write(staging / name, content)
            manifest = manifest.sign(name, content)
        atomic_write(staging / MANIFEST_FILE, manifest.to_bytes())
