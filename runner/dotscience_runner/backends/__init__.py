"""How a runner executes: docker, process, dummy."""
