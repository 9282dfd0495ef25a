"""Everything that reaches us over HTTP: pages, the JSON API, webhooks, health and metrics."""
