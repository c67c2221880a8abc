"""The one engine that runs every turn: choose a target, lease a session, converse, try again."""
