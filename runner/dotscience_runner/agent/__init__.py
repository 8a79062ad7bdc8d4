"""The agent: claims tasks, keeps their leases, executes them with a backend and brings home what they made."""
