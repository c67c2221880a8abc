"""Settings: their shape, where they come from, and what is allowed. Only `load` reads the environment."""
