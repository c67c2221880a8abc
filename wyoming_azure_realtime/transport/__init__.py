"""The way to the realtime service: addresses, credentials, sockets, and what their failures mean."""
