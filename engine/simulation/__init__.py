"""Policy, market and account in, a ledger out: the one accounting, compiled in ``kernel``."""
