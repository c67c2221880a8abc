"""The Wyoming door: bytes of untrusted clients to requests of the speech service, and back.

`reader`, `events`, `encoding`, `info` and `error_event` are pure; `connection` and the exchanges wait;
`listeners`, `server` and `discovery` touch the network. Imported by the composition root only.
"""
