"""What `doctor` looks at, from the settings to a sentence that is heard back, and what it finds."""
