"""The commands of the command line: a command `x` is `add_x_arguments` and `run_x` in one of these modules.

Only `cli` imports them. `--help` and wrong usage need to be fast, so what a command needs for its work is
imported when it runs.
"""
