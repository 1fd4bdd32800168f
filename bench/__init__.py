"""`make bench`: Sadu beside hand-written code that gives the same answers, measured in one run."""
