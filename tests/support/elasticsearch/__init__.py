"""An Elasticsearch on the wire: what the product uses of it, and nothing that it does not know passes unnoticed."""
