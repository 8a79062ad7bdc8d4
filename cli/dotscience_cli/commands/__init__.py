"""One module per noun of the manual. They import nothing but click at the top, so that help is quick."""
