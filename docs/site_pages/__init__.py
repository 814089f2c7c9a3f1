"""What the documentation site has beside its pages: text that is generated, and links that lead out of it."""
