"""Parameter groups that tell when a gradient hook reads their learning rate: the rate that its update uses."""

RATE = "lr"


class ObservedGroup(dict):
    """
    A hook can hold a group that its optimizer has replaced since. Only the group that is read tells the rate of the
    update, so reading is what is observed.
    """

    observer = None

    def __getitem__(self, key):
        value = super().__getitem__(key)
        if key == RATE:
            _read(self.observer, value)
        return value

    def get(self, key, default=None):
        value = super().get(key, default)
        if key == RATE:
            _read(self.observer, value)
        return value

    def __reduce__(self):
        # Copied and pickled as what it stands for: files must load where nothing is recorded.
        return (dict, (), None, None, iter(self.items()))


def _read(observer, value):
    if observer.in_hook:
        observer.hook_rate = value


def observe_groups(optimizer, observer):
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list):
        return
    for at, group in enumerate(groups):
        if type(group) is dict:
            groups[at] = ObservedGroup(group)
            groups[at].observer = observer
