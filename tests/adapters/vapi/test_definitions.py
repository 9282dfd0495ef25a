"""What Vapi is told fits the tools there are, what a practice can do, and Vapi's own models."""

import pytest

from adapters.vapi.definitions import DEFINITIONS, WHO, Line, offered, tool_json
from adapters.vapi.messages import canonical
from adapters.vapi.templates import assistant_json, prompt_addition
from domain.desk import Ability
from tests.adapters.vapi import sdk
from workers.tools import modules

LINE = Line(account_id="acc-1", base_url="https://sync.example", credential_id="cred-1")
A = Ability
NEVER = frozenset[Ability]()
DENTIST = frozenset({A.SEARCH_PATIENTS, A.BOOK, A.CANCEL, A.CREATE_PATIENT})


def test_every_tool_is_defined_and_every_definition_has_its_tool() -> None:
    defined = {one.name: one.abilities for one in DEFINITIONS}

    assert defined == {name: module.ABILITIES for name, module in modules().items()}


def test_a_tool_that_tells_of_patients_says_so() -> None:
    silent = {name for name, module in modules().items() if not module.PHI}

    assert silent == {"transfer-to-human", "check-availability"}


def test_names_are_as_addresses_and_as_vapi_allows() -> None:
    for one in DEFINITIONS:
        assert canonical(one.name) == one.name
        assert len(one.name) <= 64
        assert set(one.required) <= set(one.properties)
        assert not {"patientId", "accountId"} & set(one.properties)


@pytest.mark.parametrize(
    ("abilities", "names"),
    [
        (NEVER, ["transfer-to-human"]),
        (
            DENTIST,
            [
                "search-patients",
                "get-patient-info",
                "check-availability",
                "book-appointment",
                "cancel-appointment",
                "create-patient",
                "transfer-to-human",
            ],
        ),
        (frozenset(A), [one.name for one in DEFINITIONS]),
    ],
    ids=["nothing", "a dentist", "everything"],
)
def test_only_what_can_be_done_is_offered(abilities: frozenset[A], names: list[str]) -> None:
    assert [one.name for one in offered(abilities)] == names


@pytest.mark.parametrize(
    ("can", "told"),
    [
        (A.CHANGE_NAME, {"newFirstName", "newLastName"}),
        (A.CHANGE_CONTACT, {"phone", "email", "street", "city", "state", "zip"}),
    ],
)
def test_a_change_of_a_patient_is_told_only_what_the_practice_takes(can: A, told: set[str]) -> None:
    found = {one.name: one for one in offered({A.SEARCH_PATIENTS, A.UPDATE_PATIENT, can})}

    assert set(found["update-patient"].properties) == {*told, *WHO}
    assert "update-patient" not in {one.name for one in offered({A.UPDATE_PATIENT})}


def test_the_assistant_has_room_for_a_whole_registration_or_note() -> None:
    """What a tool is called with counts as what the model says, which Vapi cuts off by itself."""
    assert assistant_json("Example Dental", DENTIST, LINE)["model"]["maxTokens"] >= 500


def test_a_tool_carries_its_account_where_no_model_can_change_it() -> None:
    made = tool_json(DEFINITIONS[0], LINE)

    assert made["server"] == {
        "url": "https://sync.example/vapi/tools/search-patients",
        "timeoutSeconds": 20,
        "credentialId": "cred-1",
    }
    assert made["parameters"] == [{"key": "accountId", "value": "acc-1"}]
    assert set(made) == {"type", "function", "server", "parameters", "messages"}


def test_a_caller_hears_that_something_is_being_done_and_when_it_takes_long() -> None:
    heard = tool_json(DEFINITIONS[0], LINE)["messages"]

    assert [one["type"] for one in heard] == ["request-start", "request-response-delayed"]


def test_the_receptionist_is_told_the_flow_and_the_limits() -> None:
    made = assistant_json("Example Dental", DENTIST, LINE)
    prompt = made["model"]["messages"][0]["content"]

    assert (made["name"], made["model"]["provider"]) == ("Dental Receptionist", "openai")
    assert made["model"]["model"] == "gpt-4"
    assert "Example Dental" in prompt
    for said in ("search-patients", "check-availability", "book-appointment", "confirmation"):
        assert said in prompt
    assert "get-balance" not in prompt
    assert "not connected yet, use transferCall" in prompt
    names = [one["function"]["name"] for one in made["model"]["tools"] if "function" in one]
    assert names == [one.name for one in offered(DENTIST)]
    assert made["model"]["tools"][-1] == {"type": "transferCall", "destinations": []}
    assert made["serverMessages"][0] == "tool-calls"


def test_without_bookings_the_prompt_speaks_of_none() -> None:
    assert "check-availability" not in prompt_addition(frozenset({A.SEARCH_PATIENTS}))


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: str(one.name))
def test_vapis_own_models_take_our_tools(definition: object) -> None:
    wanted = next(one for one in DEFINITIONS if one is definition)

    made = tool_json(wanted, LINE)
    read = sdk.read("create_function_tool_dto", "CreateFunctionToolDto", made)

    assert read.function.name == wanted.name
    assert read.server.timeout_seconds == 20
    assert set(read.function.parameters.properties) == set(wanted.properties)
