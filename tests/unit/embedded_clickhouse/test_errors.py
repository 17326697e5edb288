from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError, error_of_engine


def read(message: str, **replaced: str) -> EndpointError:
    return error_of_engine(message, lambda code: f"NAME_OF_{code}", replaced)


def test_code_name_and_status() -> None:
    error = read("Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE)")
    assert (error.code, error.name, error.status) == (60, "UNKNOWN_TABLE", 404)
    assert error.body("26.9") == "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE) (version 26.9)\n"


def test_nested_messages_are_told_once() -> None:
    inner = "Code: 73. DB::Exception: Unknown format X. (UNKNOWN_FORMAT) (version 26.9.2.1)"
    nested = f"Code: 73. DB::Exception: {inner}. (UNKNOWN_FORMAT)"
    assert read(nested).body("1") == "Code: 73. DB::Exception: Unknown format X. (UNKNOWN_FORMAT) (version 1)\n"


def test_a_message_without_a_name_gets_the_engines() -> None:
    assert read("Code: 27. DB::Exception: Cannot parse input\n: (at row 2)\n").name == "NAME_OF_27"


def test_a_message_without_a_code_is_the_general_error() -> None:
    error = read("something else")
    assert (error.code, error.status) == (Code.POCO_EXCEPTION, 500)


def test_our_own_additions_are_taken_out() -> None:
    error = error_of_engine(
        "Code: 62. DB::Exception: failed at INTO OUTFILE '/dev/fd/7' x. (SYNTAX_ERROR)",
        str,
        {" INTO OUTFILE '/dev/fd/7'": ""},
    )
    assert error.text == "failed at x."


def test_busy_is_a_503() -> None:
    assert EndpointError(Code.TOO_MANY_SIMULTANEOUS_QUERIES, "busy").status == 503
