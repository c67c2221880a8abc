"""Running as an add-on of Home Assistant: its options, its user, and the Supervisor's discovery."""
