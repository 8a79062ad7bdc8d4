"""One use-case class per noun; methods are named as the routes they serve."""
