"""Koji's decorators for plugins, and its table of callbacks."""

HUB_SUBJECTS = ('PackageListChange', 'TaskStateChange', 'BuildStateChange', 'Import', 'RPMSign', 'Tag',
                'Untag', 'RepoInit', 'RepoDone', 'BuildPromote', 'Commit')

callbacks = {when + subject: [] for subject in HUB_SUBJECTS for when in ('pre', 'post')}


def callback(*cbtypes):
    """Mark a function as wanting these callbacks; the hub registers it after the import."""
    def mark(function):
        function.callbacks = cbtypes
        return function
    return mark


def ignore_error(function):
    """Mark a callback whose exception the hub is to log, instead of failing the call."""
    function.failure_is_an_option = True
    return function
