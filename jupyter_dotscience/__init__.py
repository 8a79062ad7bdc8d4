"""What every room shares: the contract (`api`), the HTTP client (`client`), the workspace engine (`workspace`)."""
