"""Koji hub plugin: tells a Darkserver daemon which builds have changed.

The post* callbacks note the Koji build ids that one hub request touches; postCommit sends them, in
one POST, when the change can be seen by others. An announcement is a hint: the daemon asks Koji what
is true, and finds by itself what was never announced. So whatever goes wrong here is logged, and the
hub's own work goes on.

In hub.conf:  Plugins = darkserver_hub  (with this file in PluginPath), then restart Apache.
Configuration: /etc/koji-hub/plugins/darkserver.conf, explained there.
Needs Python 3.6 or later, Koji 1.20 or later, and nothing else.
"""

import http.client
import json
import logging
import re
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

import koji
import koji.plugin
from koji.context import context
from koji.plugin import callback, ignore_error

CONFIG_FILE = '/etc/koji-hub/plugins/darkserver.conf'
SECTION = 'darkserver'
KEYS = ('url', 'instance', 'token_file', 'token', 'timeout', 'ca_bundle')

DEFAULT_TIMEOUT = 2.0  # seconds, for one announcement in all: name, connection, TLS, request, answer
MAX_TIMEOUT = 60.0  # seconds; a hub process waits this long, so more is a slip of the pen
SILENCE = 60.0  # seconds without a further attempt after one that failed
MAX_IDS = 10000  # build ids in one POST, which makes at most about 110 KB
MAX_ANSWER = 4096  # bytes of the daemon's answer that are read

# Koji's numbers of these build states. They are in its database, so they cannot change.
COMPLETE = 1
DELETED = 2

NOTED = 'darkserver_noted'  # this plugin's attribute on koji's request context

LOG = logging.getLogger('koji.plugin.darkserver_hub')


class ConfigError(Exception):
    """The configuration cannot be used; the message says why and names the key."""


class Settings:
    """darkserver.conf, checked. Raises ConfigError."""

    def __init__(self, config):
        if not config.has_section(SECTION):
            # koji.read_config_files passes over a file that is absent or that it may not read
            raise ConfigError('there is no section [%s] (is the file there, and may the web server'
                              ' read it?)' % SECTION)
        values = {key: value.strip() for key, value in config.items(SECTION)}
        for key in sorted(set(values) - set(KEYS)):
            LOG.warning('%s: unknown key %s (known: %s)', CONFIG_FILE, key, ', '.join(KEYS))

        self.instance = values.get('instance')
        if not self.instance:
            raise ConfigError('instance is missing: what does the daemon call this Koji?')
        self._read_url(values.get('url') or '')
        self.timeout = _timeout(values.get('timeout') or DEFAULT_TIMEOUT)
        self.token = _token(values)
        self.tls = None
        if self.scheme == 'https':
            ca_bundle = values.get('ca_bundle') or None
            try:
                self.tls = ssl.create_default_context(cafile=ca_bundle)
            except (OSError, ValueError) as error:
                raise ConfigError('ca_bundle %s cannot be used: %s' % (ca_bundle, error))

    def _read_url(self, url):
        try:
            parts = urlsplit(url)
            self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError('url %r: %s' % (url, error))
        if self.scheme not in ('http', 'https') or not self.host:
            raise ConfigError('url %r is not like http://127.0.0.1:8080' % url)
        # The whole must be plain: http.client would send a blank as it stands.
        if parts.query or parts.fragment or '@' in parts.netloc or not re.match(r'[!-~]+\Z', url):
            raise ConfigError('url %r: only scheme, host, port and path belong here' % url)
        path = parts.path.rstrip('/')
        self.path = path if path.endswith('/push') else path + '/push'
        self.url = '%s://%s%s' % (self.scheme, parts.netloc, self.path)


def _timeout(value):
    try:
        seconds = float(value)
    except ValueError:
        raise ConfigError('timeout %r is not a number of seconds' % value)
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ConfigError('timeout %r is not above 0 and at most %g seconds' % (value, MAX_TIMEOUT))
    return seconds


def _token(values):
    """The bearer token, or None. token_file is preferred to token."""
    token, key = values.get('token'), 'token'
    name = values.get('token_file')
    if name:
        key = 'token_file'
        try:
            with open(name, encoding='ascii') as stream:
                token = stream.read(MAX_ANSWER).strip()
        except (OSError, ValueError) as error:
            raise ConfigError('token_file %s cannot be read: %s' % (name, error))
        if not token:
            raise ConfigError('token_file %s is empty' % name)
    # A token with a line break in it could write headers of its own. It is never shown.
    if token and not re.match(r'[!-~]+\Z', token):
        raise ConfigError('%s: a token is printable ASCII without blanks' % key)
    return token or None


class Announcer:
    """Sends announcements to one daemon, and none for a while after one has failed.

    Each process of the hub has its own: a dead daemon costs each of them one timeout in SILENCE
    seconds.
    """

    def __init__(self, settings):
        self.settings = settings
        self.silent_until = None  # on time.monotonic's clock; None while the daemon is well
        self.unsent = 0  # announcements

    def announce(self, koji_build_ids):
        """Announce the builds, in no more than settings.timeout seconds. Never raises."""
        ids = sorted(koji_build_ids)
        if self.silent_until is not None and time.monotonic() < self.silent_until:
            self.unsent += 1
            LOG.debug('not announced, the daemon was out of reach a moment ago: %s', _listed(ids))
            return
        if len(ids) > MAX_IDS:
            LOG.warning('%d builds in one request: the first %d are announced', len(ids), MAX_IDS)
        body = json.dumps({'instance': self.settings.instance, 'koji_build_ids': ids[:MAX_IDS]})
        failure = self._post(body.encode('ascii'))
        if failure is None:
            if self.silent_until is not None:
                LOG.warning('%s answers again; announcements that were not sent: %d',
                            self.settings.url, self.unsent)
            self.silent_until, self.unsent = None, 0
            return
        if self.silent_until is None:
            LOG.warning('cannot announce to %s: %s. Not announced: %s. Trying again every %d seconds,'
                        ' silently; the daemon will find these builds when it reconciles with Koji.',
                        self.settings.url, failure, _listed(ids), SILENCE)
        self.silent_until = time.monotonic() + SILENCE
        self.unsent += 1

    def _post(self, body):
        """POST the body. Returns None when the daemon has taken it, else what went wrong.

        A socket's timeout is for one read, starts anew with each byte that arrives, and knows nothing
        of name resolution. Only a thread that is left behind keeps to a time limit for the whole.
        """
        answers = []
        try:
            connection = self._connection()
            thread = threading.Thread(target=self._converse, args=(connection, body, answers),
                                      name='darkserver_hub', daemon=True)
            thread.start()
            thread.join(self.settings.timeout)
        except Exception as error:
            return _described(error)
        if not answers:
            _abort(connection)
            return 'no answer in %g seconds' % self.settings.timeout
        return answers[0]

    def _connection(self):
        # http.client, because it follows no redirection (the token would go along) and takes no
        # proxy from the environment of whoever started Apache.
        settings = self.settings
        if settings.tls is not None:
            return http.client.HTTPSConnection(settings.host, settings.port, context=settings.tls,
                                               timeout=settings.timeout)
        return http.client.HTTPConnection(settings.host, settings.port, timeout=settings.timeout)

    def _converse(self, connection, body, answers):
        headers = {'Content-Type': 'application/json', 'Connection': 'close',
                   'User-Agent': 'darkserver-hub-plugin'}
        if self.settings.token:
            headers['Authorization'] = 'Bearer ' + self.settings.token
        try:
            connection.request('POST', self.settings.path, body, headers)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER)
            # 202 is the one answer that means "on the queue, and durable"
            answers.append(None if response.status == 202 else
                           'it answered %d %r' % (response.status, text[:200]))
        except Exception as error:
            answers.append(_described(error))
        finally:
            connection.close()


def _abort(connection):
    """End what a left-behind thread is waiting for, so that a dripping daemon cannot keep it."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself in the meantime


def _described(error):
    return '%s: %s' % (type(error).__name__, error)


def _listed(ids):
    shown = ', '.join(str(number) for number in ids[:10])
    return 'builds %s%s' % (shown, ' and %d more' % (len(ids) - 10) if len(ids) > 10 else '')


def _announcer():
    """The announcer that darkserver.conf describes, or None, with the reason in the log.

    Whatever is wrong with the file, importing this module succeeds: Koji answers every call with a
    fault when a plugin cannot be imported.
    """
    try:
        return Announcer(Settings(koji.read_config_files([CONFIG_FILE], raw=True)))
    except Exception as error:
        LOG.error('%s: %s. Nothing will be announced to Darkserver until this is put right and Apache'
                  ' restarted.', CONFIG_FILE,
                  error if isinstance(error, ConfigError) else _described(error))
        return None


ANNOUNCER = _announcer()


def _note(*candidates):
    """Note, for postCommit, the first of the candidates that is a Koji build id."""
    for number in candidates:
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            break
    else:
        return
    # Koji clears its context before and after each request. Should it ever not, what a failed request
    # had noted must not go out with the next one's: so the note says whose it is.
    environ = getattr(context, 'environ', None)
    noted = getattr(context, NOTED, None)
    if noted is None or noted[0] is not environ:
        noted = (environ, set())
        setattr(context, NOTED, noted)
    noted[1].add(number)


def _known(*cbtypes):
    """Those callbacks that this Koji has: to name another takes the hub offline (before Koji 1.34
    there are no drafts, and no postBuildPromote)."""
    table = getattr(koji.plugin, 'callbacks', cbtypes)
    return [cbtype for cbtype in cbtypes if cbtype in table]


# Every callback's kwargs are shared with the plugins that come after: they are only read.


@ignore_error
@callback(*_known('postBuildStateChange'))
def note_build_change(cbtype, *args, **kwargs):
    """A build became complete, ceased to be, was deleted, or moved to another volume."""
    attribute, old, new = kwargs.get('attribute'), kwargs.get('old'), kwargs.get('new')
    if attribute == 'volume_id' or (
            attribute == 'state' and (COMPLETE in (old, new) or new == DELETED)):
        info = kwargs.get('info') or {}
        _note(info.get('id'), info.get('build_id'))


@ignore_error
@callback(*_known('postImport', 'postBuildPromote'))
def note_build_content(cbtype, *args, **kwargs):
    """A build was given an RPM, an archive or everything at once, or a draft was promoted."""
    build = kwargs.get('build') or {}
    rpm = kwargs.get('rpm') or {}
    _note(build.get('id'), build.get('build_id'), kwargs.get('build_id'), rpm.get('build_id'))


@ignore_error
@callback(*_known('postCommit'))
def announce_noted(cbtype, *args, **kwargs):
    """The request's changes can be seen by others now: announce them."""
    noted = getattr(context, NOTED, None)
    if noted is None:
        return
    # Taken off first: whatever happens now, they are never sent twice.
    delattr(context, NOTED)
    environ, koji_build_ids = noted
    if ANNOUNCER is not None and environ is getattr(context, 'environ', None):
        ANNOUNCER.announce(koji_build_ids)
