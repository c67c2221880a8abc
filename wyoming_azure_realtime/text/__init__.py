"""Between the text as it arrives and the pieces that are spoken. Pure: no clock, no I/O."""
