"""What a run's summary says in words, from its figures; and all of it, made again from the prices that it kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final

from engine.analysis.verdict import confidence_level
from engine.backtest.config import RunConfig
from engine.backtest.finished_run import FinishedRun
from engine.backtest.output_folders import SUMMARY_FILE
from engine.backtest.plan_words.sentence import describe_plan
from engine.backtest.run_verdict import judge_run
from engine.backtest.signed_files import RUN_FILES
from engine.backtest.tax_words import tax_sentence
from engine.core.json_files import Json
from engine.diagnostics.replay.rerun import rerun_run
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.portfolio.policy import PolicyT

_WORDS: Final = FigureGroup("words", "plan_sentence and verdict, from the config and the figures in summary.json")
_AGAIN: Final = FigureGroup("made again", "the run on its kept prices, beside every key of summary.json")


def replay_words(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield the sentences of a summary beside those that its config and figures make."""
    summary = run.summary
    if summary.plan_sentence is not None and isinstance(run.config, Mapping):
        found = describe_plan(run.config, summary.window.start).sentence
        yield _WORDS.compare("plan_sentence", summary.plan_sentence, found)
    if summary.tax_sentence is not None:
        yield _WORDS.compare("tax_sentence", summary.tax_sentence, tax_sentence(summary, run.config))
    if summary.verdict is not None:
        verdict = judge_run(summary, confidence_level(run.config))
        yield _WORDS.compare("verdict.class", summary.verdict.kind, verdict.kind)
        yield _WORDS.compare("verdict.sentence", summary.verdict.sentence, verdict.sentence)


def replay_summary(run: FinishedRun, load: Callable[[Path], RunConfig[PolicyT]]) -> Iterator[ReferenceFigure]:
    """Yield of each key the figure that is furthest from what the run makes again, where it kept its prices."""
    if run.kept is None:
        return
    written = json.loads(RUN_FILES.read_bytes(run.path / SUMMARY_FILE))
    found = rerun_run(run, load).summary.to_plain()
    for key in dict.fromkeys((*written, *found)):
        figures = list(_leaves(key, written.get(key), found.get(key)))
        if figures:
            yield max(figures, key=lambda one: one.difference)


def _leaves(place: str, written: Json, found: Json) -> Iterator[ReferenceFigure]:
    """Yield every number and text of two pieces of data; what only one has is beside null."""
    if isinstance(written, dict) and isinstance(found, dict):
        for key in dict.fromkeys((*written, *found)):
            yield from _leaves(f"{place}.{key}", written.get(key), found.get(key))
    elif isinstance(written, list) and isinstance(found, list):
        for at, pair in enumerate(zip_longest(written, found)):
            yield from _leaves(f"{place}[{at}]", *pair)
    else:
        one, other = (_plain(value) for value in (written, found))
        yield _AGAIN.figure(place, "null" if one is None else one, "null" if other is None else other)


def _plain(value: Json) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    return repr(value) if isinstance(value, bool | dict | list) else float(value)
