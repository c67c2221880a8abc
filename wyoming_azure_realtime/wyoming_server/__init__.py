"""The Wyoming server: bytes of untrusted clients to requests of the speech service, and back.

The way in: `listeners` make a `connection`, which cuts bytes into `events` and gives them to its
`dispatcher`, which gives them to the `asr_handler` or the `tts_handler`, which calls the speech service. The
way out: the handler gives events to the `event_writer`. `limits` is what all connections share; `server`
opens and stops everything; `discovery` announces it. Imported by the composition root only.
"""
