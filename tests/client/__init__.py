"""The client, against a server that says what a test wants it to say."""
