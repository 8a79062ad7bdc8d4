"""Real services for tests: each module gives one fixture, and says clearly when this machine cannot have it."""
