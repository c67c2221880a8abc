"""One module per command of the command line: `arguments` and `run`. Only `cli` imports them."""
