"""Recognition and synthesis as the doors see them: one object per request, and a catalog of what is offered."""
