"""The SQL API's three operations (developer guide, "SQL API reference"), and what tests steer an account by."""

import asyncio
import json
import uuid

import jwt

from ..common import Answer, Emulator
from ..common.duck import quoted
from . import errors, rendered, results, synthetic, tokens
from .account import Account
from .statements import Statement

STATEMENTS = "/api/v2/statements"
PARAMETERS = {
    "binary_output_format", "client_result_chunk_size", "date_output_format", "time_output_format",
    "timestamp_output_format", "timestamp_ltz_output_format", "timestamp_ntz_output_format",
    "timestamp_tz_output_format", "multi_statement_count", "query_tag", "rows_per_resultset", "timezone",
    "use_cached_result"}


class SnowflakeEmulator(Emulator):
    service = "snowflake"
    host_names = ("localhost", "127.0.0.1", "*.snowflakecomputing.com", "*.snowflakecomputing.localhost")

    def make_tenant(self, name, options):
        return Account(name, options)

    def tenant_of(self, request):
        host = request.host.rsplit(":", 1)[0].lower()
        if "snowflakecomputing" in host:
            label = host.split(".")[0]
            return next((t for t in self.tenants.values() if t.name.lower().replace("_", "-") == label), None)
        # By hand, at localhost: the account that the token is for, or the only one.
        account = tokens.issuer_account(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return self.tenants.get(account) or next(iter(self.tenants.values()), None)

    def point_of(self, request, body):
        parts = request.path.removeprefix(STATEMENTS).strip("/").split("/")
        if not request.path.startswith(STATEMENTS):
            return "other", {}
        if parts == [""]:
            try:
                statement = json.loads(body).get("statement", "")
            except (ValueError, AttributeError):
                statement = ""
            return "submit", {"statement": statement}
        if len(parts) == 2 and parts[1] == "cancel":
            return "cancel", {"handle": parts[0]}
        partition = request.query.get("partition", "0")
        number = int(partition) if partition.isdigit() else -1
        return ("partition" if number else "poll"), {"handle": parts[0], "partition": number}

    async def handle(self, account, request, body, point, facts):
        try:
            return await self._handle(account, request, body, point, facts)
        except errors.SnowflakeError as error:
            return self._failure(error)

    async def _handle(self, account, request, body, point, facts):
        if account.strict and not request.headers.get("User-Agent"):
            return refusal(400, "390142", "Incoming request does not contain a valid payload.")
        if point == "other":
            return Answer(404)
        if request.method != ("GET" if point in ("poll", "partition") else "POST"):
            return Answer(405)
        user = self._login(account, request)
        if isinstance(user, Answer):
            return user
        if point == "submit":
            return await self._submit(account, user, request, body)
        statement = account.statements.get(facts["handle"])
        if statement is None:
            raise errors.unknown_handle(facts["handle"])
        if point == "cancel":
            return self._cancel(account, statement)
        return self._status(account, statement, facts["partition"])

    # Logging in.

    def _login(self, account, request):
        kind = request.headers.get("X-Snowflake-Authorization-Token-Type", "KEYPAIR_JWT")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "KEYPAIR_JWT":
            return refusal(401, "390303", f"Invalid OAuth access token. [{uuid.uuid4()}]")
        users = {user.login_name: user for user in account.users.values()}
        try:
            if scheme != "Bearer":
                raise tokens.InvalidToken(394306)
            user = tokens.check(token, account.name.upper(), users, account.clock.seconds)
        except tokens.InvalidToken as error:
            number = account.login_failures.note(error, None, account.client_address)
            account.journal.count(f"login {error.code}")
            return refusal(401, "390144", f"JWT token is invalid. [{number}]")
        policy = user.network_policy or account.network_policy
        if not account.policies.allows(policy, account.client_address):
            return refusal(
                account.network_status, "390422",
                f"Incoming request with IP/Token {account.client_address} is not allowed to access Snowflake. "
                "Contact your account administrator. For more information about this error, go to "
                "https://community.snowflake.com/s/ip-xxxxxxxxxxxx-is-not-allowed-to-access.")
        key = next(k for k, v in user.public_keys.items() if v.fingerprint == issuer_fingerprint(token))
        account.journal.count(f"login with {key}")
        return user

    # Submitting.

    async def _submit(self, account, user, request, body):
        content = request.headers.get("Content-Type", "application/json").split(";")[0].strip().lower()
        if content != "application/json":
            return Answer(415)
        try:
            fields = json.loads(body)
            text = fields["statement"]
            if not isinstance(text, str) or not isinstance(fields.get("timeout", 0), int):
                raise TypeError
            parameters = {k.lower(): v for k, v in (fields.get("parameters") or {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return refusal(400, "390142", "Incoming request does not contain a valid payload.")
        if set(parameters) - PARAMETERS:
            return refusal(400, "391917", f"Unsupported parameter: {', '.join(sorted(set(parameters) - PARAMETERS))}")
        if "timezone" in parameters and not account.is_timezone(parameters["timezone"]):
            return refusal(400, "391917", f"Unsupported time zone: {parameters['timezone']}")
        request_id = request.query.get("requestId") or str(uuid.uuid4())
        known = account.statements.get(account.requests.get(request_id))
        if known is not None and request.query.get("retry") == "true" and not known.is_over:
            account.journal.count("replayed")
            return await self._answer_submit(account, known, request)
        if known is not None:
            account.journal.count("request id used again")
        statement = self._start(account, user, request, fields, parameters, request_id)
        return await self._answer_submit(account, statement, request)

    def _start(self, account, user, request, fields, parameters, request_id):
        now = account.clock.seconds
        statement = Statement(account.new_handle(), request_id, fields["statement"], now, now, None)
        account.statements[statement.handle] = statement
        account.requests[request_id] = statement.handle
        role = fields.get("role") or user.default_role
        try:
            if role not in user.roles:
                raise errors.role_not_granted(role)
            context = account.context(user, role, fields, account.clock.now())
            duration = account.run_seconds
            prepared = next((s for s in account.synthetic if s.matches(statement.text)), None)
            if account.needs_warehouse(statement.text):
                duration += account.use_warehouse(context)
            statement.ready = now + duration
            if fields.get("timeout"):
                statement.deadline = now + fields["timeout"]
            account.journal.count("executions")
            if prepared is not None:
                account.authorize(prepared.tables, context)
                statement.result = prepared.result()
            else:
                statement.task = asyncio.create_task(
                    self._run(account, statement, fields, parameters, context, request.query.get("nullable")))
        except errors.SnowflakeError as error:
            statement.error = error
        return statement

    async def _run(self, account, statement, fields, parameters, context, nullable):
        arguments = (context, fields.get("bindings"), parameters, nullable != "false")
        try:
            count = int(parameters.get("multi_statement_count", 1))
            if count == 1:
                statement.result = await asyncio.to_thread(account.execute, statement.text, *arguments)
                return
            if fields.get("bindings"):
                raise errors.SnowflakeError(
                    "391911", "0A000", "Bind variables are not supported in requests of several statements.")
            pieces = [piece for piece in statement.text.split(";") if piece.strip()]
            if count and count != len(pieces):
                raise errors.SnowflakeError(
                    "000008", "0A000", f"Actual statement count {len(pieces)} did not match the desired statement "
                    f"count {count}.")
            for piece in pieces:
                child = Statement(account.new_handle(), "", piece, statement.created, statement.ready, None)
                child.result = await asyncio.to_thread(account.execute, piece, *arguments)
                account.statements[child.handle] = child
                statement.children.append(child.handle)
            statement.result = results.of_rows(
                [("multiple statement execution", results.TEXT)], [("Multiple statements executed successfully.",)])
        except errors.SnowflakeError as error:
            statement.error = error
        except Exception as error:  # Ours: a test has to see it, and not wait for ever.
            statement.error = errors.SnowflakeError("000603", "XX000", f"emulator: {type(error).__name__}: {error}")

    async def _answer_submit(self, account, statement, request):
        """What is synchronous waits for its end, but not for longer than the service does."""
        waits = request.query.get("async") != "true"
        if waits:
            end = account.clock.seconds + account.longest_wait
            while account.clock.seconds < end and statement.state(
                    account.clock.seconds, account.retention) == "running":
                await asyncio.sleep(0.005)
        elif statement.error is None:
            # Even one that is done already answers 202 then.
            return self._running(statement)
        return self._status(account, statement, 0)

    # Asking for results.

    def _status(self, account, statement, partition):
        state = statement.state(account.clock.seconds, account.retention)
        if state == "running":
            return self._running(statement)
        if state != "done":
            return self._failure(state, statement)
        result = statement.result
        if not 0 <= partition < max(1, len(result.partitions)):
            return refusal(400, "391918", f"Partition {partition} does not exist.")
        if partition:
            return Answer(200, result.partitions[partition].body, {
                "Content-Type": "application/json", "Content-Encoding": "gzip",
                "Link": self._link(statement, partition)})
        return self._result(statement, result)

    @staticmethod
    def _link(statement, partition):
        last = len(statement.result.partitions) - 1
        path = f"{STATEMENTS}/{statement.handle}?requestId={statement.request_id or statement.handle}&partition="
        links = {"first": 0, "prev": partition - 1, "next": partition + 1, "last": last}
        return ",".join(f'<{path}{n}>;rel="{rel}"' for rel, n in links.items() if 0 <= n <= last)

    def _result(self, statement, result):
        partitions = []
        for piece in result.partitions:
            entry = {"rowCount": piece.rows, "uncompressedSize": piece.size}
            if piece.compressed is not None:
                entry["compressedSize"] = piece.compressed
            partitions.append(entry)
        head = {
            "resultSetMetaData": {
                "numRows": result.rows, "format": "jsonv2", "partitionInfo": partitions, "rowType": result.columns},
            "code": "090001", "statementStatusUrl": self._url(statement), "sqlState": "00000",
            "statementHandle": statement.handle, "message": "Statement executed successfully.",
            "createdOn": int(statement.created * 1000)}
        if statement.children:
            head["statementHandles"] = statement.children
        first = result.partitions[0].plain() if result.partitions else b"[]"
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        # The rows are text already. Metadata comes before them, as the service sends it.
        mark = text.index(b',"code":"090001"')
        body = text[:mark] + b',"data":' + first + text[mark:]
        return Answer(200, body, {"Content-Type": "application/json", "Link": self._link(statement, 0)})

    @staticmethod
    def _url(statement):
        return f"{STATEMENTS}/{statement.handle}?requestId={statement.request_id or statement.handle}"

    def _running(self, statement):
        return Answer.json({
            "code": "333334", "message": "Asynchronous execution in progress. Use provided query id to perform "
            "query monitoring and management.", "statementHandle": statement.handle,
            "createdOn": int(statement.created * 1000), "statementStatusUrl": self._url(statement)}, 202)

    def _failure(self, error, statement=None):
        handle = statement.handle if statement else str(uuid.uuid4())
        body = {"code": error.code, "sqlState": error.state, "message": error.message, "statementHandle": handle}
        if statement:
            body["createdOn"] = int(statement.created * 1000)
            body["statementStatusUrl"] = self._url(statement)
        return Answer.json(body, error.status)

    def _cancel(self, account, statement):
        if statement.state(account.clock.seconds, account.retention) != "running":
            raise errors.unknown_handle(statement.handle)
        statement.canceled = True
        account.journal.count("canceled")
        return Answer.json({
            "code": "000604", "sqlState": "57014", "message": "SQL execution canceled",
            "statementHandle": statement.handle, "statementStatusUrl": self._url(statement)})

    # Steering.

    async def steer(self, account, verb, arguments):
        match verb:
            case "sql":
                context = account.administrator(arguments.get("database"), arguments.get("schema"))
                answers = []
                for text in arguments["statements"]:
                    try:
                        result = await asyncio.to_thread(account.execute, text, context)
                    except errors.SnowflakeError as error:
                        raise ValueError(f"{error.code}: {error.message} (in: {text[:300]})") from None
                    answers.append([row for piece in result.partitions for row in json.loads(piece.plain())])
                return answers
            case "load":
                await asyncio.to_thread(account.load, arguments["table"], arguments["rows"])
                return {}
            case "partition":
                result = await asyncio.to_thread(
                    account.execute, arguments["statement"], account.administrator("CDI", "INGESTION"))
                return result.partitions[arguments["partition"]].plain().decode()[1:-1]
            case "set":
                for name, value in arguments.items():
                    if name not in ("strict", "partition_bytes", "run_seconds", "longest_wait", "retention", "timezone",
                                    "network_status", "client_address", "network_policy"):
                        raise ValueError(f"an account has no option {name}")
                    setattr(account, name, value)
                return {}
            case "warehouse":
                warehouse = account.warehouses[arguments.pop("name")]
                for name, value in arguments.items():
                    if not hasattr(warehouse, name):
                        raise ValueError(f"a warehouse has no property {name}")
                    setattr(warehouse, name, value)
                return {"suspended": warehouse.suspended}
            case "synthetic":
                account.synthetic.append(synthetic.Synthetic(**arguments))
                return {}
            case "render":
                return await self._render(account, **arguments)
            case "login-failure":
                return account.login_failures.get(arguments["number"])
        raise KeyError(verb)


    @staticmethod
    async def _render(account, name, rows, role):
        """A table of CDI.INGESTION whose result is made beforehand; its columns and grants are as any table's."""
        table = f"CDI.INGESTION.{quoted(name)}"
        context = account.administrator("CDI", "INGESTION")
        for text in (
                f"CREATE OR REPLACE TABLE {table} (UPDATED_AT TIMESTAMP_NTZ(9) NOT NULL, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR)",
                f"GRANT SELECT ON TABLE {table} TO ROLE {role}"):
            await asyncio.to_thread(account.execute, text, context)
        made = await asyncio.to_thread(rendered.Rendered, name, rows)
        account.synthetic.append(made)
        return {"partitions": len(made.result().partitions), "bytes": made.packed_bytes}


def refusal(status, code, message):
    return Answer.json({"code": code, "message": message}, status)


def issuer_fingerprint(token):
    """Of a token that was checked."""
    return jwt.decode(token, options={"verify_signature": False})["iss"].split(".", 2)[2]
