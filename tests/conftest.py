"""The same examples on every run: Hypothesis draws from a fixed seed, and no test is a race against a clock.

`pytest --hypothesis-profile=explore` draws new ones.
"""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")
