"""The timing report: this engine beside others on the same jobs; where results differ there is no ratio."""
