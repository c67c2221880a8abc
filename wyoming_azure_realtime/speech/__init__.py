"""Recognition and synthesis as the doors see them: one object per request, and what is on offer."""
