"""What tests share: databases, the running API, a client, factories, mail."""
