"""The authorisation matrix: who asks, what they may see and do, and how that is asked over HTTP."""
