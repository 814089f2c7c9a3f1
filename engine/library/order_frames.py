"""What ``engine.orders`` returns: orders for your own depot, how far it has drifted, and when the next are due."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.depot.orders.order_plan import PlannedPosition
from engine.depot.orders.state_file import state_json
from engine.report.depot.order_files import orders_csv
from engine.report.depot.order_rows import order_rows

if TYPE_CHECKING:
    from engine.backtest.config import RunConfig
    from engine.core.json_files import Json
    from engine.depot.orders.answer_orders import OrderAnswer
    from engine.portfolio.policy import PolicyT

_TEXTS = ("side", "ticker", "isin", "wkn", "currency", "reason")


@dataclass(frozen=True, eq=False, repr=False)
class OrderFrames:
    """What the tested plan orders in one's own depot. Nothing is sent to anyone.

    Attributes
    ----------
    name : of the config
    day : the session of the orders; they are decided by closes before it
    orders : the rows of ``orders.csv``: wave, side, ticker, codes, quantity, limit and its currency, money and fee in
        the account's, reason
    drift : by ticker what is held, at which price of which day, its weight, target, and weight after the orders
    due : why orders are due today, no words where none are
    next_day : when the plan decides next, None where it does not say
    state : what the next orders have to know, the content of ``state.json``
    cash : before the orders, after them at the sizing prices, and at their limits [currency]
    assumptions : what was taken for granted
    warnings : what to look at before ordering anything
    answer : all of it, as the engine has it

    """

    name: str
    day: pd.Timestamp
    orders: pd.DataFrame
    drift: pd.DataFrame
    due: tuple[str, ...]
    next_day: pd.Timestamp | None
    state: Mapping[str, Json]
    cash: pd.Series[float]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    answer: OrderAnswer

    @classmethod
    def from_answer(cls, config: RunConfig[PolicyT], answer: OrderAnswer) -> OrderFrames:
        """Return the answer to a config and a depot as frames."""
        plan = answer.plan
        return cls(
            name=plan.name,
            day=pd.Timestamp(plan.day),
            orders=_order_frame(orders_csv(order_rows(config, answer))),
            drift=_drift_frame(plan.positions),
            due=plan.due,
            next_day=pd.Timestamp(plan.next_day) if plan.next_day else None,
            state=state_json(plan.after, config.sha256()),
            cash=pd.Series(
                {"before": plan.cash, "after": plan.sized.cash, "worst": plan.sized.worst_cash}, name=plan.currency
            ),
            assumptions=answer.assumptions,
            warnings=answer.warnings,
            answer=answer,
        )

    def _repr_html_(self) -> str:
        from engine.report.depot.order_notebook import order_html

        return order_html(self.answer)

    def __repr__(self) -> str:
        """Return the orders, or when the next are due."""
        when = "" if self.next_day is None else f"; the next decision is on {self.next_day:%Y-%m-%d}"
        head = f"{self.name}: {len(self.orders)} orders for {self.day:%Y-%m-%d}{when}"
        table = [] if self.orders.empty else ["", self.orders.to_string(index=False), ""]
        return "\n".join([head, *table, f"{len(self.warnings)} warnings; see .orders .drift .due .state .warnings"])


def _order_frame(content: bytes) -> pd.DataFrame:
    types: dict[str, Any] = dict.fromkeys(_TEXTS, "str")
    return pd.read_csv(io.BytesIO(content), dtype=types, keep_default_na=False, na_values={"limit": [""]})


def _drift_frame(positions: tuple[PlannedPosition, ...]) -> pd.DataFrame:
    names = [one.name for one in dataclasses.fields(PlannedPosition) if one.name != "ticker"]
    frame = pd.DataFrame(
        {name: [getattr(one, name) for one in positions] for name in names},
        index=pd.Index([one.ticker for one in positions], name="ticker", dtype="str"),
    )
    frame["price_date"] = pd.to_datetime(frame["price_date"].replace("", None))
    return frame.astype({"cap": "float64"})
