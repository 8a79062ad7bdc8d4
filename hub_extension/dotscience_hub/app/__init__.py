"""The service as a program: its configuration, how its parts are put together, and its start and end."""
