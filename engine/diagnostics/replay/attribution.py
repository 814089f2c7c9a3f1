"""``engine diff A B``: where the difference between two runs comes from, each cause switched alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, Literal, TypeAlias

from engine.backtest.config import RunConfig
from engine.backtest.finished_run import FinishedRun
from engine.backtest.kept_prices import KeptPrices, files_of
from engine.backtest.output_folders import CONFIG_FILE
from engine.backtest.plan_identity import content_hash
from engine.backtest.prices import load_prices
from engine.backtest.workflow import run_backtest
from engine.core.errors import AccountError, ConfigError, DataError, EngineError, ScheduleError
from engine.diagnostics.replay.config_keys import SOURCE_KEYS, KeyPath, Plain, differing_keys, mix, switchable_keys
from engine.diagnostics.replay.rerun import load_as_run
from engine.diagnostics.replay.two_markets import Revision, TwoMarkets, revisions
from engine.portfolio.policy import PolicyT

Figures: TypeAlias = Mapping[str, float | int | None]
"""Every metric of a strategy by name, None where it does not exist."""

_WINDOW: Final = ("window",)


@dataclass(frozen=True)
class Part:
    """What one cause did: the figures with it switched first, alone, and with it switched last, after all others."""

    kind: Literal["key", "data"]
    label: str
    first: Figures
    last: Figures
    why_none: str = ""


@dataclass(frozen=True)
class Attribution:
    """The difference between two runs, taken apart.

    ``begins`` and ``ends`` are the figures in the folders; ``base`` and ``all_switched`` those that this version makes
    of the first run and, with everything switched, of the second. ``revised`` is what both saw otherwise; ``unsaid`` is
    what the remainder has beside the version of engine and packages.
    """

    begins: Figures
    ends: Figures
    base: Figures
    all_switched: Figures
    parts: tuple[Part, ...]
    revised: tuple[Revision, ...]
    versions: tuple[tuple[str, str, str], ...]
    unsaid: str = ""

    def part(self, part: Part, figure: str) -> float | None:
        """Return what switching one cause alone did to a figure."""
        return _minus(part.first.get(figure), self.base.get(figure))

    def part_last(self, part: Part, figure: str) -> float | None:
        """Return what switching one cause after all others did to it."""
        return _minus(self.all_switched.get(figure), part.last.get(figure))

    def whole(self, figure: str) -> float | None:
        """Return the difference between the folders."""
        return _minus(self.ends.get(figure), self.begins.get(figure))

    def remainder(self, figure: str) -> float | None:
        """Return what no run of this version shows: it is the work of the versions that made the folders."""
        return _minus(self.whole(figure), _minus(self.all_switched.get(figure), self.base.get(figure)))

    def interaction(self, figure: str) -> float | None:
        """Return what the causes do together beyond what each does alone."""
        left = _minus(self.whole(figure), self.remainder(figure))
        for one in self.parts:
            left = _minus(left, self.part(one, figure))
        return left


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def attribute_difference(
    one: FinishedRun, other: FinishedRun, configure: Callable[[Plain], RunConfig[PolicyT]]
) -> Attribution:
    """Take the difference between two runs apart: keys of their configs, revised prices, versions.

    ``configure`` validates a plain config.

    Raises DataError when the prices of neither are at hand, with a line for each.
    """
    pair = _Pair(one, other, configure)
    keys, has_data = pair.switches
    labels = [*(("key", key) for key in keys), *((("data", None),) if has_data else ())]
    every = frozenset(range(len(labels)))
    states = _States(pair, [key for _, key in labels])
    base, whole = states.figures(frozenset()), states.figures(every)
    parts = []
    for at, (kind, key) in enumerate(labels):
        first, last = states.figures(frozenset({at})), states.figures(every - {at})
        label = _label(key) if key is not None else pair.data_label
        parts.append(Part("key" if kind == "key" else "data", label, first, last, states.why(at, every)))
    then = (one.manifest.versions, other.manifest.versions)
    versions = tuple(
        (name, then[0].get(name, ""), then[1].get(name, ""))
        for name in dict.fromkeys((*then[0], *then[1]))
        if then[0].get(name) != then[1].get(name)
    )
    begins, ends = (run.summary.portfolios["strategy"].metrics for run in (one, other))
    return Attribution(begins, ends, base, whole, tuple(parts), pair.revised, versions, pair.unsaid)


def _label(key: KeyPath) -> str:
    return ".".join(key) or "all keys together"


@dataclass(frozen=True)
class _Pair(Generic[PolicyT]):
    """Two runs with what they read, where that is at hand."""

    one: FinishedRun
    other: FinishedRun
    configure: Callable[[Plain], RunConfig[PolicyT]]

    @cached_property
    def plain(self) -> tuple[Plain, Plain]:
        """What both configs say to this version."""
        configs = []
        for run in (self.one, self.other):
            with files_of(run.kept):
                configs.append(self.configure(_plain(run)).canonical())
        return configs[0], configs[1]

    @cached_property
    def at_hand(self) -> tuple[KeptPrices | EngineError, KeptPrices | EngineError]:
        """What each run read, or why that is not known."""
        found: list[KeptPrices | EngineError] = []
        for run in (self.one, self.other):
            try:
                with files_of(run.kept):
                    found.append(load_as_run(run, self.configure(_plain(run)))[1])
            except EngineError as error:
                found.append(error)
        return found[0], found[1]

    @cached_property
    def kept(self) -> tuple[KeptPrices, KeptPrices]:
        """The prices of the first run and of the second; where one's are not at hand, the other's twice."""
        one, other = self.at_hand
        if isinstance(one, KeptPrices):
            return one, one if isinstance(other, EngineError) else other
        if isinstance(other, KeptPrices):
            return other, other
        raise DataError(*map(str, one.args), *map(str, other.args))

    @cached_property
    def revised(self) -> tuple[Revision, ...]:
        """What both saw otherwise."""
        return revisions(*self.kept)

    @property
    def unsaid(self) -> str:
        """What the remainder has in it beside versions: the prices that are not at hand, if they are others."""
        wrong = [str(one) for one in self.at_hand if isinstance(one, EngineError)]
        same = self.one.manifest.data_sha256 == self.other.manifest.data_sha256
        return "" if same or not wrong else wrong[0]

    @cached_property
    def switches(self) -> tuple[tuple[KeyPath, ...], bool]:
        """The keys that can be switched one by one, and whether the prices are another cause.

        Revised prices that end on another day cannot be told apart from the window: its keys go with them.
        """
        one, other = self.plain
        with TwoMarkets(*self.kept).files.in_place():
            keys = tuple(key for key in differing_keys(one, other) if not _is_same_file(one, other, key))
        if self.takes_window:
            keys = tuple(key for key in keys if key[:1] != _WINDOW)

        def is_valid(plain: Plain) -> bool:
            with TwoMarkets(*self.kept).files.in_place():
                try:
                    self.configure(plain)
                except ConfigError:
                    return False
            return True

        return switchable_keys(one, mix(other, one, self.data_keys), keys, is_valid), bool(self.revised)

    @property
    def takes_window(self) -> bool:
        """Whether the window is switched with the prices."""
        one, other = (plain.get("window") for plain in self.plain)
        ends = [window.get("end") if isinstance(window, Mapping) else None for window in (one, other)]
        return bool(self.revised) and ends[0] != ends[1]

    @property
    def data_keys(self) -> tuple[KeyPath, ...]:
        """What is switched in the config together with the prices."""
        return (*SOURCE_KEYS, _WINDOW) if self.takes_window else SOURCE_KEYS

    @property
    def data_label(self) -> str:
        """What the cause is called."""
        return "data, with the window that they end with" if self.takes_window else "data"


@dataclass(frozen=True)
class _States(Generic[PolicyT]):
    """Figures of runs of which some causes are those of the second folder, each computed once."""

    pair: _Pair[PolicyT]
    keys: Sequence[KeyPath | None]

    @cached_property
    def _known(self) -> dict[frozenset[int], tuple[Figures, str]]:
        return {}

    def figures(self, switched: frozenset[int]) -> Figures:
        """Return the strategy's metrics; none where such a run is not possible."""
        return self._run(switched)[0]

    def why(self, at: int, every: frozenset[int]) -> str:
        """Return why a cause has no part: what a run says that is not possible."""
        return self._run(frozenset({at}))[1] or self._run(every - {at})[1]

    def _run(self, switched: frozenset[int]) -> tuple[Figures, str]:
        if switched not in self._known:
            try:
                self._known[switched] = self._simulate(switched), ""
            except (ConfigError, DataError, ScheduleError, AccountError) as error:
                if not switched:
                    raise
                self._known[switched] = {}, str(error).splitlines()[0]
        return self._known[switched]

    def _simulate(self, switched: frozenset[int]) -> Figures:
        one, other = self.pair.plain
        chosen = [self.keys[at] for at in sorted(switched)]
        has_data = None in chosen or (None not in self.keys and switched == frozenset(range(len(self.keys))))
        paths = [key for key in chosen if key is not None]
        if has_data:
            paths += self.pair.data_keys
        kept = self.pair.kept
        markets = TwoMarkets(*(reversed(kept) if has_data else kept))
        with markets.files.in_place():
            config = self.pair.configure(mix(one, other, paths))
            prices = load_prices(config, markets.sources)
            result = run_backtest(config, prices, intervals=False, parts=False)
        return result.comparison.strategy.metrics


def _is_same_file(one: Plain, other: Plain, key: KeyPath) -> bool:
    """Return whether a key only says where a file lies that is the same in both."""
    if key[-1] != "path":
        return False
    pair: list[object] = [one, other]
    for name in key:
        pair = [node.get(name) if isinstance(node, Mapping) else None for node in pair]
    return content_hash(pair[0]) == content_hash(pair[1])


def _plain(run: FinishedRun) -> Plain:
    if not isinstance(run.config, Mapping):
        raise DataError(f"{run.path / CONFIG_FILE}: no config; run it again")
    return run.config
