"""Germany: a private investor with one depot (EStG, InvStG, SolZG)."""
