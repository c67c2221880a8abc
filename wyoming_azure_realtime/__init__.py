"""Speech for Home Assistant over Wyoming, backed by the Azure OpenAI Realtime API."""

__version__ = "0.1.0"
