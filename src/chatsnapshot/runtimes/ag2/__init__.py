"""AG2 1.x (`pip install 'chatsnapshot[ag2]'`): `attach(agent, run)` and the agent's run is in the ledger.

For a loop of one's own: `map_event(event)` names the event type, `normalize(event)` gives the payload. The payload's
`runtime_event` holds `id` and `parent`, the natural keys of the fact and of its cause within the stream; `Trail` adds
what only a whole stream can say (ordinals, what a model had seen when it answered).
"""

from chatsnapshot_schemas.errors import MissingExtra

try:
    import ag2
except ImportError as error:
    raise MissingExtra("ag2", "recording AG2 agents") from error

from chatsnapshot.runtimes.ag2.attaching import Ag2Attachment, attach
from chatsnapshot.runtimes.ag2.event_map import map_event
from chatsnapshot.runtimes.ag2.normalizing import normalize
from chatsnapshot.runtimes.ag2.trail import Trail

__all__ = ["Ag2Attachment", "Trail", "attach", "map_event", "normalize"]

del ag2
