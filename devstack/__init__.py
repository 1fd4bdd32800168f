"""The embedded Postgres, Redis, S3 and mailbox of `sadu dev` and of the tests: never part of a production image."""
