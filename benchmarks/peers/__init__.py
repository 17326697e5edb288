"""The same jobs as others would write them: programs of their own, each told what to do in one JSON argument."""
