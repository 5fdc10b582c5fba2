"""Functions inside the test process: an endpoint that speaks the Lambda Invoke API, and plain URLs."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ACCESS_KEY_ID = "AKIAFUNCTIONSOFTESTS"
SECRET_ACCESS_KEY = "a-secret-that-only-calls-of-functions-use"

PREFIX = "/2015-03-31/functions/"


@dataclasses.dataclass
class Invocation:
    """A call that arrived."""

    function: str
    path: str
    headers: dict[str, str]
    event: dict

    @property
    def id(self) -> str:
        return self.headers["x-callboard-invocation-id"]


@dataclasses.dataclass
class Answer:
    """What a function answers; `status` and `headers` are the endpoint's."""

    body: bytes | dict | list = b"{}"
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class FunctionServer:
    """Runs the functions that a test gives it; each takes an Invocation and answers with an Answer or a dict."""

    def __init__(self):
        self.functions: dict = {}
        self.invocations: list[Invocation] = []
        self._arrived = threading.Condition()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = owner._answer(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
                content = answer.bytes()
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    # The caller has gone: its time was over, or it was killed.
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def calls(self, function: str) -> list[Invocation]:
        with self._arrived:
            return [call for call in self.invocations if call.function == function]

    def wait_for(self, function: str, count: int = 1) -> list[Invocation]:
        """Waits until a function has been called so often."""

        def found() -> list[Invocation]:
            return [call for call in self.invocations if call.function == function]

        with self._arrived:
            assert self._arrived.wait_for(lambda: len(found()) >= count, 60), f"{function}: {found()}"
            return found()

    def _answer(self, target: str, headers: dict[str, str], body: bytes) -> Answer:
        path = urllib.parse.urlsplit(target).path
        through_lambda = path.startswith(PREFIX)
        if through_lambda:
            assert path.endswith("/invocations"), path
            name = urllib.parse.unquote(path.removeprefix(PREFIX).removesuffix("/invocations"))
            if not self._is_signed(target, headers, body):
                return Answer({"Message": "The signature does not match"}, 403)
        else:
            name = path.removeprefix("/")
        call = Invocation(name, target, headers, json.loads(body))
        with self._arrived:
            self.invocations.append(call)
            self._arrived.notify_all()
        if name not in self.functions:
            return Answer({"Type": "User", "Message": f"Function not found: {name}"}, 404)
        answer = self.functions[name](call)
        answer = answer if isinstance(answer, Answer) else Answer(answer)
        if through_lambda and headers["x-amz-invocation-type"] == "Event":
            return Answer(b"", 202)
        return answer

    def _is_signed(self, target: str, headers: dict[str, str], body: bytes) -> bool:
        """Whether botocore would have signed the request in the same way."""
        claim = dict(
            part.strip().split("=", 1)
            for part in headers.get("authorization", "=").removeprefix("AWS4-HMAC-SHA256").split(",")
        )
        scope = claim.get("Credential", "").split("/")
        if len(scope) != 5 or scope[0] != ACCESS_KEY_ID or scope[3] != "lambda":
            return False
        credentials = botocore.credentials.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        signer = botocore.auth.SigV4Auth(credentials, scope[3], scope[2])
        signed = {name: headers[name] for name in claim["SignedHeaders"].split(";")}
        request = botocore.awsrequest.AWSRequest("POST", f"http://{headers['host']}{target}", signed, body)
        request.context["timestamp"] = headers["x-amz-date"]
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return signer.signature(text, request) == claim["Signature"]
