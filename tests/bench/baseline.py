"""What the quick form of the benchmark found when the code was last made faster.

Ratios within one run, so that they hold on any machine: of `python -m tests.bench.quick`, for each the median
of three, on two cores with Python 3.13. Other interpreters and machines differ by less than the half that is
allowed on top. Lower a number when the code got faster; raising one needs a reason beside it.
"""

BASELINE = {
    # one hop more, resampling and JSON in Python; the bare client writes bytes that were made before
    "end of speech to transcript": 3.4,
    # a new connection and a lease of a warm session come on top
    "request to first audio": 4.5,
    # base64, JSON and one write per 100 ms of sound
    "request to last audio": 3.6,
    # by what the driver takes to send the same chunks
    "CPU of a live stream": 3.4,
    # by what the sink takes to send frames that were made before
    "CPU of an answer": 4.8,
}
