"""For all tests."""

from hypothesis import settings

# how long an example takes says more about the machine than about the program
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
