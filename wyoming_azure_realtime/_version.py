"""The version of this program, alone: whoever needs it imports nothing else."""

__version__ = "0.1.0"
