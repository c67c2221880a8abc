"""The two generations of the realtime API. The only place that knows them apart."""
