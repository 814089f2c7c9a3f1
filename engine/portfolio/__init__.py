"""What a portfolio is told: its account, what trading costs, and the policy that decides."""
