"""Warm sessions for the whole process. `slots` decides, `pool` does; neither knows what a session is."""
