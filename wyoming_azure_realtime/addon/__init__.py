"""Running as an add-on of Home Assistant: its options, and the Supervisor's discovery."""
