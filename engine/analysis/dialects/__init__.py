"""Figures of the same returns by the formulas of other tools, and in one sentence each why they differ from ours."""
