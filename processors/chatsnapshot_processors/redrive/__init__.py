"""The way back out of quarantine: what is sent, what is marked, and the one transaction that does both."""
