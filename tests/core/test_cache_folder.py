"""Where compiled kernels and templates lie, and what is removed."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.core import cache_folder
from engine.core.cache_folder import find_cache_folder, hash_files, remove_stale_caches


def test_compiled_things_lie_beside_the_sources_or_with_the_user_or_where_it_is_told(
    monkeypatch, tmp_path: Path
) -> None:
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    monkeypatch.setattr(cache_folder.platformdirs, "user_cache_path", lambda _: home)
    assert find_cache_folder("kernel-1", package) == package / "__pycache__" / "kernel-1"
    shutil.rmtree(package / "__pycache__")
    (package / "__pycache__").touch()  # no folder can be made there
    assert find_cache_folder("kernel-1", package) == home / "kernel-1"
    shutil.rmtree(home)
    home.touch()
    assert find_cache_folder("kernel-1", package) is None
    assert find_cache_folder("kernel-1", package, str(tmp_path / "told")) == tmp_path / "told" / "kernel-1"


def test_other_states_of_the_same_thing_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kernel-1", "kernel-2", "templates-1"):
        (tmp_path / name).mkdir()
    remove_stale_caches(tmp_path / "kernel-2")
    remove_stale_caches(None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernel-2", "templates-1"]


def test_a_state_is_named_by_the_names_and_contents_of_its_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("text")
    before = hash_files([one])
    other.write_text("text")
    assert len({before, hash_files([other]), hash_files([one, other])}) == 3
    one.write_text("texts")
    assert hash_files([one]) != before
