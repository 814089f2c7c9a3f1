"""The timing report: this engine beside others on the same jobs, equal results asserted."""
