"""The HTTP API: the same speech service as the Wyoming server's, as routes of an aiohttp application.

`server` has the routes and the middlewares: `access` (who may use it) and `problems` (errors to answers).
`speech_routes` recognizes and synthesizes, `status_routes` says what there is, `bodies` reads requests.
"""
