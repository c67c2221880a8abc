"""Who may come in: what the clients of all doors together may use, in connections and in memory."""
