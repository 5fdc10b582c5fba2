"""Authentication: what is wrong with a signature is said by type and text (authorization.md section 7)."""

import datetime

import botocore.auth
import botocore.exceptions
import pytest

from harness import flows, raw
from harness.connect import client
from harness.server import ACCESS_KEY_ID, SECRET_ACCESS_KEY

PATH = "/instance"
INVALID = "InvalidSignatureException"
INCOMPLETE = "IncompleteSignatureException"
UNRECOGNIZED = "UnrecognizedClientException"
MISSING = "MissingAuthenticationTokenException"


@pytest.fixture
def good(server):
    """Target and headers of a call that is signed well."""
    target, headers = raw.signed(server, "GET", PATH)
    assert raw.unsigned(server, "GET", target, headers).status == 200
    return headers


@pytest.fixture
def refused(server):
    def check(headers: dict, error_type: str, part: str, target: str = PATH) -> str:
        answer = raw.unsigned(server, "GET", target, headers)
        assert (answer.status, answer.error_type) == (403, error_type), answer
        assert part in answer.message, answer.message
        assert "x-amzn-requestid" in answer.headers
        assert "date" in answer.headers
        return answer.message

    return check


def at(moment: datetime.datetime):
    """A signer that believes it is another time."""

    class Signer(botocore.auth.SigV4Auth):
        def add_auth(self, request):
            request.context["timestamp"] = moment.strftime(botocore.auth.SIGV4_TIMESTAMP)
            self._modify_request_before_signing(request)
            canonical_request = self.canonical_request(request)
            string_to_sign = self.string_to_sign(request, canonical_request)
            self._inject_signature_to_request(request, self.signature(string_to_sign, request))

    return Signer


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def test_no_signature(refused):
    refused({}, MISSING, "Missing Authentication Token")
    refused({"Authorization": "Basic dXNlcjpwYXNz"}, MISSING, "Missing Authentication Token")


def test_both_ways_at_once(refused, good):
    query = f"{PATH}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    refused(
        good, INVALID, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.", query
    )


def test_a_part_without_an_equal_sign(refused, good):
    header = "AWS4-HMAC-SHA256 Credential"
    refused(good | {"Authorization": header}, INCOMPLETE, "missing equal-sign")


def test_missing_parts(refused, good):
    message = refused(
        good | {"Authorization": "AWS4-HMAC-SHA256 Foo=bar"}, INCOMPLETE, "requires 'Credential' parameter."
    )
    order = ["'Credential'", "'Signature'", "'SignedHeaders'"]
    assert [part for part in order if part in message] == order
    assert sorted(order, key=message.index) == order
    without_date = {name: value for name, value in good.items() if name.lower() != "x-amz-date"}
    refused(without_date, INCOMPLETE, "requires existence of either a 'X-Amz-Date' or a 'Date' header.")


def test_a_date_of_another_form(refused, good):
    refused(good | {"X-Amz-Date": "yesterday"}, INCOMPLETE, "Date must be in ISO-8601 'basic format'. Got 'yesterday'.")


@pytest.mark.parametrize(("minutes", "text"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")])
def test_another_time(server, refused, minutes, text):
    moment = now() + datetime.timedelta(minutes=minutes)
    _, headers = raw.signed(server, "GET", PATH, signer=at(moment))
    message = refused(headers, INVALID, text)
    assert "5 min." in message
    # Within the five minutes it is taken.
    moment = now() + datetime.timedelta(minutes=minutes * 4 / 6)
    assert raw.send(server, "GET", PATH, signer=at(moment)).status == 200


def test_a_host_that_is_not_signed(refused, good):
    authorization = good["Authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    refused(good | {"Authorization": authorization}, INVALID, text)


def test_an_unsigned_amz_header(refused, good):
    refused(good | {"x-amz-meta-x": "1"}, INVALID, "x-amz-meta-x")


def test_another_algorithm(refused, good):
    authorization = good["Authorization"].replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA25")
    refused(good | {"Authorization": authorization}, INCOMPLETE, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25'")


def credential(headers: dict, change) -> dict:
    """The headers with another credential."""
    authorization = headers["Authorization"]
    before = authorization.split("Credential=")[1].split(",")[0]
    return headers | {"Authorization": authorization.replace(before, change(before))}


def test_a_credential_without_five_parts(refused, good):
    changed = credential(good, lambda value: "a/b/c/d")
    refused(changed, INCOMPLETE, "Credential must have exactly 5 slash-delimited elements")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("/us-east-1/", "/mars-1/", "Credential should be scoped to a valid region"),
        ("/connect/", "/s3/", "Credential should be scoped to correct service: 'connect'."),
        ("/aws4_request", "/aws3_request", "Credential should be scoped with a valid terminator: 'aws4_request'"),
        ("/20", "/19", "Date in Credential scope does not match YYYYMMDD"),
    ],
)
def test_another_scope(refused, good, old, new, text):
    refused(credential(good, lambda value: value.replace(old, new, 1)), INVALID, text)


def test_an_unknown_key(refused, good):
    changed = credential(good, lambda value: value.replace(ACCESS_KEY_ID, "AKIAUNKNOWNUNKNOWN00"))
    refused(changed, UNRECOGNIZED, "The security token included in the request is invalid")


def test_a_wrong_signature(server, refused):
    _, headers = raw.signed(server, "GET", PATH, secret="not the secret")
    message = refused(
        headers, INVALID, "The request signature we calculated does not match the signature you provided."
    )
    assert "Consult the service documentation for details." in message


def test_a_body_that_was_changed(server):
    target, headers = raw.signed(server, "PUT", "/contact/task", b'{"Name": "a"}')
    headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    answer = raw.unsigned(server, "PUT", target, headers, b'{"Name": "b"}')
    assert (answer.status, answer.error_type) == (403, INVALID)


def test_an_unknown_session_token(server):
    stranger = client(server, aws_access_key_id="AKIAUNKNOWNUNKNOWN00")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        stranger.list_instances()
    assert caught.value.response["Error"]["Code"] == UNRECOGNIZED
    target, headers = raw.signed(server, "GET", PATH, headers={"X-Amz-Security-Token": "a token"})
    answer = raw.unsigned(server, "GET", target, headers)
    assert (answer.status, answer.error_type) == (403, UNRECOGNIZED)
    assert "The security token included in the request is invalid" in answer.message


def test_the_first_fault_is_told(refused, good):
    """Time before scope, scope before key, key before signature (authorization.md 7.2)."""
    both = credential(good, lambda value: value.replace("/connect/", "/s3/").replace(ACCESS_KEY_ID, "AKIAUNKNOWN"))
    refused(both, INVALID, "Credential should be scoped to correct service")
    old = both | {"X-Amz-Date": "20200101T000000Z"}
    refused(old, INVALID, "Signature expired")


def presigned(server, expires: int = 300, secret: str | None = None) -> str:
    class Signer(botocore.auth.SigV4QueryAuth):
        def __init__(self, credentials, service, region):
            super().__init__(credentials, service, region, expires=expires)

    target, _ = raw.signed(server, "GET", PATH, signer=Signer, secret=secret)
    return target


def test_a_pre_signed_url(server, refused):
    assert raw.unsigned(server, "GET", presigned(server), {}).status == 200
    refused({}, INVALID, "does not match", presigned(server, secret="not the secret"))
    tampered = presigned(server) + "&maxResults=5"
    refused({}, INVALID, "does not match", tampered)
    lacking = presigned(server).replace("X-Amz-Signature", "X-Amz-Nothing")
    refused({}, INCOMPLETE, "AWS query-string parameters must include 'X-Amz-Signature'.", lacking)
    refused({}, INCOMPLETE, "", presigned(server, expires=604_801))


def test_an_unsigned_payload(server, instance):
    flow = instance.flow(flows.waiting())
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    body = f'{{"InstanceId": "{instance.id}", "ContactFlowId": "{flow}", "Name": "unsigned"}}'.encode()

    class Signer(botocore.auth.SigV4Auth):
        def payload(self, request):
            return "UNSIGNED-PAYLOAD"

    answer = raw.send(server, "PUT", "/contact/task", body, headers=headers, signer=Signer)
    assert answer.status == 200, answer


def test_the_secret_is_never_told(refused, good, server):
    _, headers = raw.signed(server, "GET", PATH, secret="x")
    assert SECRET_ACCESS_KEY not in refused(headers, INVALID, "")
    assert SECRET_ACCESS_KEY not in server.log_path.read_text(errors="replace")
