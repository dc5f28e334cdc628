"""The API's resources, as the discovery document has them."""


def job(job, origin):
    statistics = {"creationTime": str(job.created), "totalBytesProcessed": str(job.processed)}
    query = {"totalBytesProcessed": str(job.processed), "statementType": job.statement, "cacheHit": False}
    status = {"state": "RUNNING" if job.running else "DONE"}
    statistics["startTime"] = str(job.created)
    if not job.running:
        statistics["endTime"] = str(job.created + 1)
        query["totalBytesBilled"] = str(job.processed)
        if job.error:
            status["errorResult"] = job.error.proto()
            status["errors"] = [job.error.proto()]
    if job.changed is not None:
        query["numDmlAffectedRows"] = str(job.changed)
    if job.configuration.get("dryRun"):
        query["totalBytesProcessedAccuracy"] = "PRECISE"
        query["schema"] = {"fields": job.result.fields if job.result else []}
        status = {"state": "DONE"}
    statistics["query"] = query
    name = f"{job.project}:{job.location}.{job.id}"
    return {
        "kind": "bigquery#job", "etag": "e1", "id": name, "user_email": job.email,
        "selfLink": f"{origin}/bigquery/v2/projects/{job.project}/jobs/{job.id}?location={job.location}",
        "jobReference": job.reference(), "statistics": statistics, "status": status,
        "configuration": {"jobType": "QUERY", **{k: v for k, v in job.configuration.items() if k != "jobType"}}}


def table(table, catalog, location, origin):
    project, dataset, name = table.path
    resource = {
        "kind": "bigquery#table", "etag": "e1", "id": table.name, "type": table.kind, "location": location,
        "selfLink": f"{origin}/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{name}",
        "tableReference": {"projectId": project, "datasetId": dataset, "tableId": name},
        "schema": {"fields": table.fields}, "creationTime": str(table.created // 1000),
        "lastModifiedTime": str(table.modified // 1000)}
    if table.kind == "TABLE":
        resource["numRows"] = str(catalog.count(table))
        resource["numBytes"] = str(catalog.bytes_of(table))
    else:
        key = "view" if table.kind == "VIEW" else "materializedView"
        resource[key] = {"query": table.query}
        if table.kind == "VIEW":
            resource[key]["useLegacySql"] = False
    if table.partition:
        resource["timePartitioning"] = {"type": "DAY", "field": table.partition}
    if table.requires_filter:
        resource["requirePartitionFilter"] = True
    if table.clustering:
        resource["clustering"] = {"fields": table.clustering}
    return resource


def dataset(project, name, location, origin):
    return {
        "kind": "bigquery#dataset", "etag": "e1", "id": f"{project}:{name}", "location": location, "type": "DEFAULT",
        "selfLink": f"{origin}/bigquery/v2/projects/{project}/datasets/{name}",
        "datasetReference": {"projectId": project, "datasetId": name}}


def listed(table):
    project, dataset, name = table.path
    return {"kind": "bigquery#table", "id": table.name, "type": table.kind,
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": name}}
