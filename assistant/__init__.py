"""From a question to a cited answer, and its faces."""
