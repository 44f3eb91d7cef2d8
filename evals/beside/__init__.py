"""Other people's default recipes beside ours: each in an environment of its own, over the same files and questions."""
