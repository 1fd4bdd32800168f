"""What Sadu is measured beside: the same answers by hand-written code, with a database and without."""
