"""An optimised plan that is quickly decided, on prices that are installed."""

from typing import Final

OPTIMISED: Final = """
name: small
data: {source: {kind: sample}}
window: {start: 2018-01-02, end: 2020-12-30}
strategy:
  kind: optimised
  core: [QUAL, SIZE]
  satellites: {universe: [HD, JNJ, PG], cap: 5%}
  limits: [{group: [satellites], max: 12%}]
  objective: {kind: min_variance}
  estimates: {covariance: ledoit_wolf, mean: shrunk, lookback: 252, min_history: 200}
  rebalance: {kind: annual, month: january}
evidence: {draws: 100}
"""
