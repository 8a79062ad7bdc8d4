"""What an S3 server's refusal means, in a sentence.

Codes: Amazon S3 API, "List of error codes"; other servers use the same.
"""

from __future__ import annotations

from .errors import SyncError, Transient
from .listing import Refusal
from .location import Location

_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_TRANSIENT = {"SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "OperationAborted"}


def error_of(status: int, refusal: Refusal, location: Location, server: str) -> Exception:
    """The error to raise for an answer that is none.

    Args:
        status: Of HTTP.
        refusal: What the body says.
        location: What was asked for.
        server: Scheme and host, for the sentence.
    """
    code = refusal.code
    if code in _TRANSIENT or (status in _TRANSIENT_STATUS and code not in _SENTENCES):
        return Transient(f"it answered {status}{f' {code}' if code else ''}"[:100])
    sentence = _SENTENCES.get(code) or _BY_STATUS.get(status)
    if sentence is None:
        said = f" {code}" if code.isalnum() else ""
        return SyncError(f"{server} refused to give s3://{location.bucket}: {status}{said[:80]}.")
    return SyncError(
        sentence.format(bucket=location.bucket, key=location.access_key_id, server=server, url=location.url)
    )


_WRONG_SECRET = "The secret access key is not the one that belongs to the access key {key}."  # noqa: S105 - a sentence
_NO_KEY = "{server} does not know the access key {key}."
_DENIED = "The access key {key} may not read {url}."
_NO_BUCKET = "There is no bucket {bucket} at {server}."
_ELSEWHERE = "The bucket {bucket} is in another region than was given, or at another endpoint."
_SENTENCES = {
    "InvalidAccessKeyId": _NO_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AccountProblem": _DENIED,
    "NoSuchBucket": _NO_BUCKET,
    "InvalidBucketName": "{bucket} is no name of a bucket for {server}.",
    "PermanentRedirect": _ELSEWHERE,
    "TemporaryRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "ExpiredToken": "The access key {key} has expired.",
    "InvalidToken": _NO_KEY,
    "RequestTimeTooSkewed": "The clocks of this hub and of {server} differ too much for signed requests.",
    "InvalidObjectState": "Some objects of {url} are archived (as in Glacier): restore them first.",
}
_BY_STATUS = {
    401: _NO_KEY,
    403: _DENIED,
    404: _NO_BUCKET,
    301: _ELSEWHERE,
    302: _ELSEWHERE,
    307: _ELSEWHERE,
    308: _ELSEWHERE,
}
