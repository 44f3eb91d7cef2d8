"""Made right for good: answers that people reviewed, questions that are still open, and how both develop."""
