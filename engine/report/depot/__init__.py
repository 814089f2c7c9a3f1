"""Orders and real depots, as a person or a broker reads them."""
