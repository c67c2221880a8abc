"""A server that speaks the realtime protocol in all its dialects, on whatever speech engines it is given."""
