"""Who may do what: accounts, sign-in, sessions, and the table of role × route that one middleware enforces."""
