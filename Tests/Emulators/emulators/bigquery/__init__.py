"""BigQuery's REST v2 (jobs, tables, datasets) and Google's token endpoint, from the published discovery document."""
