from chatsnapshot_producers.backoff import FIRST_S, MAX_S, Backoff


def test_waits_grow_to_their_bound_and_begin_small_again() -> None:
    backoff = Backoff()
    waits = [backoff.wait_s() for _ in range(50)]
    assert all(FIRST_S / 2 <= wait <= MAX_S for wait in waits)
    assert min(waits[10:]) >= MAX_S / 2
    backoff.reset()
    assert backoff.wait_s() <= FIRST_S
