"""In which order an event at its bound and the held events it waits for are released.

Tarjan's strongly connected components (SIAM J. Comput. 1 (1972) 146), without recursion: a chain of any length works.
"""

from collections.abc import Callable, Iterable, Iterator

from chatsnapshot_processors.core.held import Waiting

Blockers = Callable[[Waiting], list[Waiting]]


def release_groups(starts: Iterable[Waiting], blockers: Blockers) -> list[list[Waiting]]:
    """Everything that `starts` wait for, directly or not, then they themselves: blockers before those they block.

    A group of more than one is a cycle, or several that share events. Deterministic when starts and blockers come
    sorted.
    """
    return _Search(blockers).run(starts)


class _Search:
    def __init__(self, blockers: Blockers) -> None:
        self._blockers = blockers
        self._index: dict[Waiting, int] = {}
        self._low: dict[Waiting, int] = {}
        self._open: dict[Waiting, None] = {}
        self._groups: list[list[Waiting]] = []

    def run(self, starts: Iterable[Waiting]) -> list[list[Waiting]]:
        for start in starts:
            if start not in self._index:
                self._visit(start)
        return self._groups

    def _visit(self, start: Waiting) -> None:
        path = [(start, self._enter(start))]
        while path:
            node, ahead = path[-1]
            following = next((one for one in ahead if self._is_new(node, one)), None)
            if following is not None:
                path.append((following, self._enter(following)))
                continue
            path.pop()
            if path:
                parent = path[-1][0]
                self._low[parent] = min(self._low[parent], self._low[node])
            if self._low[node] == self._index[node]:
                self._groups.append(self._close(node))

    def _enter(self, node: Waiting) -> Iterator[Waiting]:
        self._index[node] = self._low[node] = len(self._index)
        self._open[node] = None
        return iter(self._blockers(node))

    def _is_new(self, node: Waiting, following: Waiting) -> bool:
        if following not in self._index:
            return True
        if following in self._open:
            self._low[node] = min(self._low[node], self._index[following])
        return False

    def _close(self, root: Waiting) -> list[Waiting]:
        group: list[Waiting] = []
        while not group or group[-1] is not root:
            group.append(self._open.popitem()[0])
        return group
