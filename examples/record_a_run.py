"""Record a run in three lines, then read it back: `chatsnapshot up --detach && python examples/record_a_run.py`."""

from chatsnapshot import Ledger, Recorder

recorder = Recorder.connect(service="refunds")  # CHATSNAPSHOT_URL, or the stack that runs on this machine
run = recorder.run(workflow="refund", user="u-17")  # mints an id; records nothing by itself

with run.lifecycle():  # workflow started / completed / failed
    asked = run.record("execution.message", {"role": "user", "content": "Where is my money?"})
    with run.caused_by(asked):
        call = {"call_id": "transfer-1", "service": "bank", "operation": "transfer"}
        sent = run.record("integration.call", {**call, "phase": "started", "request": {"amount": "42.50"}})
        run.record("integration.call", {**call, "phase": "completed", "status_code": 201}, cause=sent)
    run.record("execution.message", {"role": "assistant", "content": "It is on its way."}, cause=asked)

recorder.flush(timeout=10)  # raises Undelivered, listing what is still in the spool

print(f"recorded; look at it with:  chatsnapshot show {run.id} --mode full --graph")
for record in Ledger.connect().run(run.id).tail(from_start=True):  # from Kafka, as soon as the sequencer has spoken
    print(f"#{record.sequence_no}  {record.envelope.event_type:<28} {record.envelope.payload}")
    if record.envelope.event_type == "system.workflow_completed":
        break
