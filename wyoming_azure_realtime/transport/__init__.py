"""Connections to the realtime service: credentials, WebSockets, sessions, and what their failures mean."""
