"""Pure audio arithmetic: PCM, resampling as a stream, WAV. No sockets, no clock, no asyncio."""
