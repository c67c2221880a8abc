"""Names in the home, as Home Assistant knows them."""
