"""How the database keeps tenants apart: logins, row-level security, and the few functions that look across."""
