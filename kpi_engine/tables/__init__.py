"""Tables of many councils' returns: opened, typed by the contract in SQL, and held against their register."""
