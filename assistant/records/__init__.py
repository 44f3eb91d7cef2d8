"""What lasts: people, sites, conversations, answers, ratings, pins, open questions, audit. One store, SQLite or PostgreSQL."""
