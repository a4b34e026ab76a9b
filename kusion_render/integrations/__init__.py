"""The program as others call it: inside their processes, with their environments and their limits."""
