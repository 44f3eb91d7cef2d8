"""Question and claim sets, one JSON object a line. `heldout` files are scored in aggregate only."""
