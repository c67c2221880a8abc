"""A server that speaks the realtime protocol in both dialects, on whatever speech engines it is given."""
