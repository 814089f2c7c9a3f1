"""A config on a page: bold is what differs from its default, or has none."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from engine.composition import run_config_class
from engine.report.run.config_lines import mark_settings
from tests.support.changed_settings import PLANS

TOGETHER = {"kind", "amount", "invest"}
"""Keys that no alternative can be without, or that stand in lists: they cannot be left out alone."""
HEAD = "name: made\ndata: {source: {kind: files, path: p.csv, closes: adjusted}}\n"


def settings(tree: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield where each setting stands; one that is a list, or nothing, is one."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from settings(value, (*place, key))
        else:
            yield (*place, key)


def needs_naming(config: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Tell whether a config without the setting at a path is another one, or none."""
    without = copy.deepcopy(dict(config))
    at: Any = without
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    text = yaml.safe_dump(without)
    try:
        return bool(run_config_class().model_validate(yaml.load(text, yaml.BaseLoader)).canonical() != config)
    except ValidationError:
        return True


@pytest.mark.parametrize("name", PLANS)
def test_a_setting_is_bold_where_leaving_it_out_would_change_the_config(name: str) -> None:
    """Each single setting of plans of every kind is left out; kinds tell what else there is, so they always count."""
    written = yaml.load(HEAD + PLANS[name], yaml.BaseLoader)
    config = run_config_class().model_validate(written).canonical()
    expected = Counter(
        path[-1]
        for path in settings(config)
        if path[-1] not in TOGETHER and not isinstance(_at(config, path), list) and not needs_naming(config, path)
    )
    lines = mark_settings(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    shown = Counter(
        line.split(":")[0].strip().strip("'")
        for line, own in lines
        if not own and ": " in line and "- " not in line and not line.endswith("[]")
    )
    assert {key: shown[key] for key in shown | expected if key not in TOGETHER} == {
        key: expected[key] for key in shown | expected if key not in TOGETHER
    }


def test_items_of_a_list_and_texts_that_go_on_are_as_what_they_belong_to() -> None:
    """A list that is there differs from the default, which is empty; a long description is one setting."""
    text = "description: a\n  b\naccount:\n  capital: 100000.0\nstrategy:\n  never_sell:\n  - A\n  limits: []\n"
    assert [own for _, own in mark_settings(text)] == [True, True, False, False, False, False, True, False]


def _at(config: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        config = config[key]
    return config
