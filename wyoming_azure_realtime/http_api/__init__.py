"""The HTTP API: the same speech service as the Wyoming server's, as routes of an aiohttp application.

`server` has the routes and the middlewares: `access` (who may use it), `connections` (how many, with how much
memory) and `problems` (errors). `speech_routes` recognizes and synthesizes, `openai_routes` does so
in OpenAI's words, `live_recognition` while somebody speaks. `status_routes` says what there is,
`history_routes` what happened and what it cost, `settings_routes` reads the settings again. `page_routes`
serves the page in the folder `page` and its login (`logins`). `bodies` reads requests.
"""
