"""Settings: their declaration, where they come from, and what is allowed. `load.load` gives them."""
