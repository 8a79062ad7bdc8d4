"""dotscience-hub up: everything on one machine."""
