"""What is released is what is tagged, its notes are the changelog's, and the container has what it copies."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_notes", ROOT / "docs" / "release_notes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notes_are_the_newest_section_or_that_of_the_tag(release: ModuleType) -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n\n- new\n\n## [0.1.0] - 2026-01-01\n\n- old\n"
    assert release.notes(text, "0.2.0") == "- new"
    assert release.notes(text, "0.1.0", "v0.1.0") == "- old"
    assert release.notes(text.replace("[Unreleased]\n", "[Unreleased]\n\n- next\n"), "0.2.0") == "- next"
    with pytest.raises(ValueError, match=r"^pyproject.toml: found version 0.2.0, the tag is v0.3.0; expected v0.2.0$"):
        release.notes(text, "0.2.0", "v0.3.0")
    with pytest.raises(ValueError, match=r"^CHANGELOG.md: found no section \[0.4.0\]"):
        release.notes(text, "0.4.0", "v0.4.0")


def test_this_version_has_its_section_and_a_tag_on_this_commit_is_its_name(release: ModuleType) -> None:
    assert release.notes((ROOT / "CHANGELOG.md").read_text(), VERSION, f"v{VERSION}").startswith("### Added")
    done = subprocess.run(["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert [tag for tag in done.stdout.split() if re.match(r"v\d", tag)] in ([], [f"v{VERSION}"])


def test_the_container_is_given_what_it_copies_and_runs_as_nobody_special() -> None:
    given = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    lines = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    copied = {name for line in lines if not any("--from" in one for one in line) for name in line if "--" not in name}
    assert all((ROOT / name).exists() for name in copied)
    assert copied == set(given)
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["engine"]
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nENTRYPOINT ")


def test_the_cluster_of_containers_says_what_the_readme_says() -> None:
    """Scheduler and workers are Dask's, of one image, on a network that nobody else is on."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert {service["image"] for service in services.values()} == {"portfolio-engine"}
    assert services["scheduler"]["entrypoint"][:2] == ["dask", "scheduler"]
    assert services["worker"]["entrypoint"][:3] == ["dask", "worker", "tcp://scheduler:8786"]
    verb, config, *options = services["sweep"]["command"]
    assert (verb, options) == ("sweep", ["--scheduler", "tcp://scheduler:8786"])
    assert (ROOT / config).exists()
    assert compose["networks"]["default"] == {"internal": True}
