"""What every room shares: the contract (`api`), the typed HTTP client (`client`), the workspace engine (`workspace`)."""
