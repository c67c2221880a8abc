"""What the quick form of the benchmark found when the code was last made faster.

Ratios within one run, so that they hold on any machine: of `python -m tests.bench.quick`, for each the median
of three, on two cores with Python 3.13. Other interpreters and machines differ by less than the half that is
allowed on top. Lower a number when the code got faster; raising one needs a reason beside it.
"""

BASELINE = {
    # sent as fast as it goes, so that all of it is parsed, resampled and listened to within that time, by a
    # neural detector that takes 8 ms for it; the bare client writes bytes that were made before
    "end of speech to transcript": 46.0,
    # a new connection, a lease of a warm session, the comparison with the text, and what it may cost
    "request to first audio": 5.8,
    # base64, JSON and one write per 170 ms of sound; level and pauses; the account of it
    "request to last audio": 4.7,
    # by what the driver takes to send the same chunks
    "CPU of a live stream": 2.7,
    # by what the sink takes to send frames that were made before; every word is compared in all ways in which
    # it may be said, and the account of a turn takes 0.16 ms
    "CPU of an answer": 10.5,
}
