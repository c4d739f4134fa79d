"""How a message is read before any rule looks at it: its words, its spelling, its days, and what it means."""
