"""Templates are compiled once for an installation, and a cache that is damaged or cannot be written changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from engine.report import template_cache
from engine.report.template_cache import TemplateCache


def render(folder: Path | None, source: str = "{{ 6 * x }}") -> str:
    """Render as a process of its own would: a new environment, the same folder."""
    environment = Environment(loader=DictLoader({"page": source}), bytecode_cache=TemplateCache(folder))
    return environment.get_template("page").render(x=7)


@pytest.fixture
def compiled(monkeypatch) -> list[str]:
    """Every source that jinja compiles."""
    sources: list[str] = []
    compile_source = Environment.compile

    def recording(self, source, *arguments, **options):
        sources.append(source)
        return compile_source(self, source, *arguments, **options)

    monkeypatch.setattr(Environment, "compile", recording)
    return sources


def test_a_template_is_compiled_once_and_anew_when_its_source_has_changed(tmp_path: Path, compiled) -> None:
    assert [render(tmp_path), render(tmp_path)] == ["42", "42"]
    assert len(compiled) == 1
    assert [render(tmp_path, "{{ x }}"), render(tmp_path, "{{ x }}")] == ["7", "7"]
    assert len(compiled) == 2


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-9], lambda content: content[::-1]])
def test_a_damaged_file_is_as_good_as_none_and_is_replaced(tmp_path: Path, compiled, damage) -> None:
    render(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert render(tmp_path) == "42"
    assert len(compiled) == 2
    assert file.read_bytes() == whole


def test_without_a_place_that_can_be_written_every_process_compiles(tmp_path: Path, compiled) -> None:
    (tmp_path / "taken").touch()
    for folder in (None, tmp_path / "taken"):  # a file stands where the folder should be
        assert render(folder) == "42"
    assert len(compiled) == 2


def test_a_template_that_is_compiled_removes_stale_states(monkeypatch, tmp_path: Path) -> None:
    removed: list[Path] = []
    monkeypatch.setattr(template_cache, "remove_stale_caches", removed.append)
    for _ in range(2):
        render(tmp_path)
    assert removed == [tmp_path]
