"""What a ledger earned and how sure that is: pure functions of ledgers."""
