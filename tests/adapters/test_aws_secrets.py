"""Secrets Manager: the cache, the prefix, and errors by code that quote nothing."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from adapters.secrets.aws import AwsSecretStore
from domain.errors import BrokenContract, NeedsReconnect, Refused, SyncError, Transient

ARN = "arn:aws:secretsmanager:ap-southeast-2:1:secret:parlae/pms/gentu/acct-1-AbCdEf"


class Replies:
    """A Secrets Manager that answers from a script: values to return, errors to raise."""

    def __init__(self, **script: list[Any]) -> None:
        self.script = script
        self.calls: list[tuple[str, str]] = []

    def __getattr__(self, call: str) -> Any:
        def reply(**arguments: str) -> Any:
            self.calls.append((call, arguments.get("SecretId", arguments.get("Name", ""))))
            replies = self.script[call]
            answer = replies.pop(0) if len(replies) > 1 else replies[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return reply


class Ticking:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "s3cr3t in words"}}, "Operation")


def held(text: str) -> dict[str, str]:
    return {"ARN": ARN, "SecretString": text}


def test_a_secret_is_asked_for_once_within_the_time_of_the_cache() -> None:
    client, clock = Replies(get_secret_value=[held('{"a":"1"}'), held('{"a":"2"}')]), Ticking()
    store = AwsSecretStore(client, "parlae/pms", clock=clock, seconds=9999)

    first = store.get("gentu/acct-1")
    clock.now = 299.0
    again = store.get("gentu/acct-1")
    clock.now = 301.0
    later = store.get("gentu/acct-1")

    assert (first, again, later) == ({"a": "1"}, {"a": "1"}, {"a": "2"})
    assert client.calls == [("get_secret_value", "parlae/pms/gentu/acct-1")] * 2


def test_what_the_vendor_refused_is_asked_for_anew() -> None:
    client = Replies(get_secret_value=[held('{"a":"1"}'), held('{"a":"2"}')])
    store = AwsSecretStore(client, "parlae/pms")
    store.get("gentu/acct-1")

    store.forget("gentu/acct-1")

    assert store.get("gentu/acct-1") == {"a": "2"}


def test_equal_values_make_no_new_version() -> None:
    client = Replies(
        create_secret=[refused("ResourceExistsException")], get_secret_value=[held('{"a":"1"}')]
    )

    assert AwsSecretStore(client, "parlae/pms").put("gentu/acct-1", {"a": "1"}) == ARN
    assert [call for call, _ in client.calls] == ["create_secret", "get_secret_value"]


@pytest.mark.parametrize("code", ["ResourceExistsException", "InvalidRequestException"])
def test_a_name_that_waits_for_its_deletion_is_restored(code: str) -> None:
    client = Replies(
        create_secret=[refused(code)],
        get_secret_value=[refused("InvalidRequestException")],
        restore_secret=[{}],
        put_secret_value=[{"ARN": ARN}],
    )

    assert AwsSecretStore(client, "parlae/pms").put("gentu/acct-1", {"a": "1"}) == ARN
    assert ("restore_secret", "parlae/pms/gentu/acct-1") in client.calls


def test_a_name_that_vanishes_between_two_calls_is_made_again() -> None:
    client = Replies(
        create_secret=[refused("ResourceExistsException"), {"ARN": ARN}],
        get_secret_value=[refused("ResourceNotFoundException")],
        restore_secret=[refused("ResourceNotFoundException")],
        put_secret_value=[refused("ResourceNotFoundException")],
    )

    assert AwsSecretStore(client, "parlae/pms").put("gentu/acct-1", {"a": "1"}) == ARN


def test_what_was_deleted_is_not_brought_back_by_replacing_it() -> None:
    client = Replies(put_secret_value=[refused("InvalidRequestException")])

    with pytest.raises(NeedsReconnect):
        AwsSecretStore(client, "parlae/pms").replace("gentu/acct-1", {"a": "2"})

    assert [call for call, _ in client.calls] == ["put_secret_value"]


def test_a_name_that_never_settles_is_left_for_later() -> None:
    client = Replies(
        create_secret=[refused("ResourceExistsException")],
        get_secret_value=[refused("ResourceNotFoundException")],
        restore_secret=[refused("ResourceNotFoundException")],
        put_secret_value=[refused("ResourceNotFoundException")],
    )

    with pytest.raises(Transient):
        AwsSecretStore(client, "parlae/pms").put("gentu/acct-1", {"a": "1"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("ResourceNotFoundException"), NeedsReconnect),
        (refused("InvalidRequestException"), NeedsReconnect),
        (refused("ThrottlingException"), Transient),
        (refused("InternalServiceError"), Transient),
        (refused("AccessDeniedException"), Refused),
        (refused("DecryptionFailure"), Refused),
        (EndpointConnectionError(endpoint_url="https://s3cr3t.example.com"), Transient),
    ],
)
def test_an_error_is_named_for_what_happens_next_and_quotes_nothing(
    error: Exception, expected: type[SyncError]
) -> None:
    store = AwsSecretStore(Replies(get_secret_value=[error]), "parlae/pms")

    with pytest.raises(expected) as caught:
        store.get("gentu/acct-1")

    assert type(caught.value) is expected
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", ["s3cr3t", '["s3cr3t"]'])
def test_a_secret_that_is_not_ours_to_read_breaks_the_contract(text: str) -> None:
    store = AwsSecretStore(Replies(get_secret_value=[held(text)]), "parlae/pms")

    with pytest.raises(BrokenContract) as caught:
        store.get("gentu/acct-1")

    assert "s3cr3t" not in str(caught.value)


def test_a_reference_outside_the_prefix_is_never_asked_for() -> None:
    client = Replies()

    with pytest.raises(Refused):
        AwsSecretStore(client, "parlae/pms").get(
            "arn:aws:secretsmanager:ap-southeast-2:1:secret:payroll/all-AbCdEf"
        )
    assert client.calls == []
