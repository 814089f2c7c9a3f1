"""The panels of a run's page, one file each; ``panel_order`` says in which order they stand."""
