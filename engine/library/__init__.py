"""What ``engine.run`` and the other functions of the package do: the verbs, with objects for results."""
