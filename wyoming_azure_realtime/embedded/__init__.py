"""A local realtime service for both dialects, with real offline recognition and synthesis behind it."""
