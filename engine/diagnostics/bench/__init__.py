"""The timing report: this engine and others on the same jobs; where results differ, no ratio is given."""
