"""What the quick form of the benchmark found when the code was last made faster.

Ratios within one run, so that they hold on any machine: of `python -m tests.bench.quick`, for each the median
of three, on two cores with Python 3.13. Other interpreters and machines differ by less than the half that is
allowed on top. Lower a number when the code got faster; raising one needs a reason beside it.
"""

BASELINE = {
    # sent as fast as it goes, so that all of it is parsed, resampled and listened to within that time, while
    # the bare client writes bytes that were made before
    "end of speech to transcript": 8.0,
    # a new connection, a lease of a warm session and the comparison with the text come on top
    "request to first audio": 3.4,
    # base64, JSON and one write per 170 ms of sound; level and pauses
    "request to last audio": 3.1,
    # by what the driver takes to send the same chunks
    "CPU of a live stream": 2.7,
    # by what the sink takes to send frames that were made before; every word is compared
    "CPU of an answer": 5.8,
}
