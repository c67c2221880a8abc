"""The Wyoming door: bytes of untrusted clients to requests of the speech service, and back.

`reader`, `events`, `encoding`, `info`, `error_event`, `networks` and `unfinished` are pure; `connection`, its
parts and the exchanges wait; `listeners`, `interfaces`, `server` and `discovery` touch the network. Imported
by the composition root only.
"""
