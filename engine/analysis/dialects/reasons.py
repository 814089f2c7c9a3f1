"""Why two tools print two numbers for the same returns: a closed list of sentences."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """One sentence; ``SAME`` and ``MISSING`` are found from the figures, every other one is stated with a formula."""

    SAME = "Both come to the same."
    MISSING = "It has no such figure."
    YEARS = "It counts years by the number of returns or by days / 365; here they are calendar days / 365.25."
    PERIODS = "It takes 365 periods for a year; here a year has as many as it has closes."
    OPENING = "It leaves the opening and its costs out, or gives it a day of its own."
    FIRST_PERIOD = "It leaves out the first month or year, before which it knows no close."
    FIRST_BAR = "It measures no loss of the first return from where that began."
    RATE = "It takes the risk-free rate otherwise: an annual one off every return, or none that is below zero."
    PLAIN = "It is not annualised."
    PERCENT = "It is written in percent."
    SAMPLE = "It corrects for the size of the sample, and its kurtosis is what exceeds 3."
    NORMAL = "It is that of a normal distribution; here it is that of the returns themselves."
    MONTHS = "It sees month ends only."
    PART = "It takes another part of the returns: losing ones alone, or whole ones of the tail."
    COMPOUNDED = "It compounds the mean return to a year; here it is multiplied."
