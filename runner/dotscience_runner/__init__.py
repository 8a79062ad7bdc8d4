"""The runner: an agent that claims tasks from the hub and executes them with a backend."""
