"""A conversation with the home: texts answered by a model, and what Home Assistant is to do as intents."""
