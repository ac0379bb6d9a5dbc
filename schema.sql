-- Darkserver's index and queue in one SQLite file. This is the only DDL, and its comments are the data
-- dictionary. Times are integers, milliseconds since 1970 in UTC, unless a column says otherwise.
-- A change here needs a new user_version and a migration from the old one.

PRAGMA application_id = 0x44535256; -- "DSRV": how the program knows a database for its own
PRAGMA user_version = 1;            -- the version of this schema, checked at every start

-- One row for each Koji ever configured or announced from. Never deleted.
CREATE TABLE koji_instance (
  instance_key    INTEGER PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE, -- as the configuration has it ("fedora")
  last_push       INTEGER,              -- when a hub last announced something, NULL if never
  last_reconciled INTEGER,              -- up to when the index was last compared with Koji, NULL if never
  first_koji_build_id INTEGER,          -- the last build there was at the first contact, NULL before it: what came
                                        -- before is for backfill, and is not missing if the index lacks it
  reconciled_koji_build_id INTEGER,     -- Koji's builds with larger ids are still to be asked for, NULL if never asked
  reconciled_koji_rpm_id INTEGER,       -- the same for RPMs
  reconciled_koji_archive_id INTEGER,   -- and for archives, of builds of any age
  sweep_began   INTEGER,                -- when the last comparison of all builds began, NULL if never
  sweep_from    INTEGER,                -- below which of Koji's build ids it began
  sweep_at      INTEGER,                -- builds below this id are still to be compared, NULL if none is under way
  sweep_ended   INTEGER,                -- when the last one came to its end
  sweep_found   INTEGER NOT NULL DEFAULT 0 -- builds that all of them have found to differ
) STRICT;

-- Builds to be asked for again each time: those that Koji was still building when their ids were met, and
-- ids that it had given out but of which it knew nothing yet. A transaction may be committed hours after it
-- took its ids, or never, which leaves a gap: after a day an id is taken for one, and its row is deleted.
CREATE TABLE koji_watch (
  instance_key  INTEGER NOT NULL REFERENCES koji_instance,
  koji_build_id INTEGER NOT NULL,
  since         INTEGER NOT NULL,
  PRIMARY KEY (instance_key, koji_build_id)
) STRICT, WITHOUT ROWID;

-- How many builds of a kind Koji had when they were counted last, by when they were completed: where a number
-- differs, builds were deleted, moved or promoted, and only those of the period need to be compared.
CREATE TABLE koji_count (
  instance_key INTEGER NOT NULL REFERENCES koji_instance,
  kind         TEXT NOT NULL,    -- "deleted", "canceled", "draft", "volume/NAME"
  period       INTEGER NOT NULL, -- of 2^14 seconds, numbered from 1970 on, 2^18 of them
  builds       INTEGER NOT NULL, -- a period without a row has none
  PRIMARY KEY (instance_key, kind, period)
) STRICT, WITHOUT ROWID;

-- Koji's builds that the index has looked at, as Koji had them at indexed_at. Never deleted: what Koji
-- forgets stays here with state 2.
CREATE TABLE build (
  build_key     INTEGER PRIMARY KEY,
  instance_key  INTEGER NOT NULL REFERENCES koji_instance,
  koji_build_id INTEGER NOT NULL,
  name          TEXT NOT NULL,
  epoch         INTEGER,          -- NULL is none, which is not 0
  version       TEXT NOT NULL,
  release       TEXT NOT NULL,    -- a draft's ends in ",draft_N"
  state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
                                  -- 0 building, 1 complete, 2 deleted, 3 failed, 4 canceled: Koji's numbers
  draft         INTEGER NOT NULL CHECK (draft IN (0, 1)),
  volume        TEXT NOT NULL,    -- "DEFAULT" or the name of another volume
  completed_at  REAL,             -- seconds since 1970 with a fraction, as Koji has it; NULL while building
  indexed_at    INTEGER NOT NULL, -- when Koji was last asked about this build
  rpms_known    INTEGER NOT NULL DEFAULT 0 CHECK (rpms_known IN (0, 1)),
                                  -- 1 once its list of RPMs was taken over; 0 if only the build itself is known
  UNIQUE (instance_key, koji_build_id)
) STRICT;

-- Periods, as in koji_count, in which the index has come to say something else of a build: they are counted
-- afresh, and their builds compared once more, because Koji may have changed one twice since they were counted.
CREATE TABLE koji_recount (
  instance_key INTEGER NOT NULL REFERENCES koji_instance,
  period       INTEGER NOT NULL,
  changes      INTEGER NOT NULL, -- so that none is forgotten which comes while they are compared
  PRIMARY KEY (instance_key, period)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER build_changed AFTER UPDATE OF state, draft, volume, completed_at ON build
WHEN OLD.completed_at IS NOT NULL AND (OLD.state, OLD.draft, OLD.volume, OLD.completed_at)
  IS NOT (NEW.state, NEW.draft, NEW.volume, NEW.completed_at) BEGIN
  INSERT INTO koji_recount (instance_key, period, changes)
    SELECT NEW.instance_key, CAST(max(0, min(262143, value / 16384)) AS INTEGER), 1
    FROM (SELECT OLD.completed_at AS value UNION SELECT NEW.completed_at) WHERE value IS NOT NULL
    ON CONFLICT DO UPDATE SET changes = changes + 1;
END;

CREATE INDEX build_by_name ON build (name, version);
CREATE INDEX build_by_completion ON build (instance_key, completed_at);

-- RPMs: those of Koji's builds, and local ones that no Koji knows. An RPM of Koji is known by its
-- instance and koji_rpm_id, never by its NVRA, which drafts and several Kojis share. Koji never moves an
-- RPM to another build, so the build stands for the instance in the key, and one index serves both
-- "this RPM" and "the RPMs of this build". Rows are never deleted, hence an rpm_key is never used twice.
CREATE TABLE rpm (
  rpm_key       INTEGER PRIMARY KEY,
  build_key     INTEGER REFERENCES build, -- NULL for a local RPM
  koji_rpm_id   INTEGER,                  -- NULL for a local RPM
  name          TEXT NOT NULL,
  epoch         INTEGER,
  version       TEXT NOT NULL,
  release       TEXT NOT NULL,
  arch          TEXT NOT NULL,            -- "src" and "nosrc" too
  size          INTEGER NOT NULL,         -- bytes of the RPM file
  payload_hash  ANY,                      -- md5 of header and payload (SIGMD5): the bytes that its hex digits
                                          -- stand for, or text if a hub says something that is not hex; NULL if unknown
  build_time    INTEGER,                  -- seconds since 1970 by the RPM's header; NULL if nobody says
  content_size  INTEGER,                  -- bytes of its main header and payload, which signing does not change;
                                          -- NULL if it was not read
  signed        INTEGER NOT NULL DEFAULT 0 CHECK (signed IN (0, 1)), -- 1 if signed_copy has copies that are there
  superseded    INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
                                          -- 1 if Koji no longer lists it in its build; its files stay known
  error_code    TEXT,                     -- why its files could not be read (shared/errors.ts), NULL if they were
  error_message TEXT,                     -- the same for people, naming file, offset or URL
  local_directory_key INTEGER,            -- where a local RPM is, as in file; NULL for Koji's
  local_name    TEXT,
  CHECK ((build_key IS NULL) = (koji_rpm_id IS NULL)),
  CHECK ((build_key IS NULL) = (local_directory_key IS NOT NULL)),
  CHECK ((build_key IS NULL) = (local_name IS NOT NULL)),
  CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT;

CREATE UNIQUE INDEX rpm_by_build ON rpm (build_key, koji_rpm_id) WHERE build_key IS NOT NULL;
CREATE UNIQUE INDEX rpm_by_local_path ON rpm (local_directory_key, local_name) WHERE build_key IS NULL;
-- Of a name that thousands of builds have, the list is made from the index alone.
CREATE INDEX rpm_by_name ON rpm (name, version, build_key);

-- Signatures of RPMs that Koji knows, and the copies that carry them. Koji writes a copy some time after it
-- came to know the signature, or never, and removes it when it likes.
CREATE TABLE signed_copy (
  rpm_key       INTEGER NOT NULL, -- no declared foreign key, as in file: RPMs are never deleted
  place         INTEGER NOT NULL, -- 0, 1, …: the best key first
  sigkey        ANY NOT NULL,     -- as payload_hash: the bytes of the key's hex digits
  size          INTEGER,          -- bytes of the copy, NULL if there is none or its size is unknown
  seen_at       INTEGER,          -- when the copy was last there, NULL if it was not there when last asked for
  awaited_since INTEGER,          -- when the signature was met if its copy is expected to come yet, else NULL
  PRIMARY KEY (rpm_key, place),
  CHECK (seen_at IS NULL OR awaited_since IS NULL)
) STRICT, WITHOUT ROWID;

-- RPMs whose copies are awaited, for the reconciler.
CREATE INDEX signed_copy_awaited ON signed_copy (awaited_since) WHERE awaited_since IS NOT NULL;

-- Archives of Koji's builds that are tar files: container images, disk images, whatever a content generator
-- keeps. They share with RPMs the keys that rows of file are made of; negative ones are theirs, so that a
-- key tells the table, and RPMs' rows are appended whatever archives come between. Never deleted.
CREATE TABLE archive (
  archive_key     INTEGER PRIMARY KEY CHECK (archive_key < 0), -- -1, -2, …
  build_key       INTEGER NOT NULL REFERENCES build,
  koji_archive_id INTEGER NOT NULL,
  filename        TEXT NOT NULL,
  directory       TEXT NOT NULL,    -- under the build's own: "images", "files/TYPE", "maven/…", "win"
  type            TEXT NOT NULL,    -- Koji's type of the archive, by the kind of file: "tar"
  btype           TEXT NOT NULL,    -- Koji's build type: "image", "maven", "win", a content generator's
  arch            TEXT,             -- of images; NULL for all others
  size            INTEGER NOT NULL, -- bytes of the file
  checksum        ANY NOT NULL,     -- as payload_hash: the bytes, or text that is not hex
  checksum_type   INTEGER,          -- 0 md5, 1 sha1, 2 sha256: Koji's numbers; NULL if it is another
  superseded      INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)), -- as in rpm
  error_code      TEXT,             -- as in rpm
  error_message   TEXT,
  CHECK ((error_code IS NULL) = (error_message IS NULL))
) STRICT;

CREATE UNIQUE INDEX archive_by_build ON archive (build_key, koji_archive_id);

-- Directories of files, as a tree: a kernel has a thousand directories for four thousand modules, new ones
-- with each release, and whole paths would cost more than all the rest. Splitting a path at every "/"
-- makes the components, so "/usr/bin" is "", "usr", "bin". Rows are never changed nor deleted, so
-- anything may remember them.
CREATE TABLE directory (
  directory_key INTEGER PRIMARY KEY,
  parent_key    INTEGER NOT NULL, -- 0 for a first component
  name          TEXT NOT NULL,
  UNIQUE (parent_key, name)
) STRICT;

-- The index itself: one row for each file with a GNU build-id.
-- The rows of an RPM are one range of keys (no index is needed to find them), and a new RPM's rows are
-- appended: file_key = rpm_key * 2^20 + the number of the file within its RPM, from 0 without gaps, so that the
-- last one tells how many there are. file_key >> 20 is the rpm_key, or, where it is negative, the archive_key.
-- directory_key names a directory row (0: the path has no "/"); it is no declared foreign key because
-- directories are never deleted and checking it would cost a look-up for each row.
CREATE TABLE file (
  file_key      INTEGER PRIMARY KEY,
  build_id      BLOB NOT NULL CHECK (length(build_id) BETWEEN 2 AND 64), -- the note's bytes
  kind_evidence INTEGER NOT NULL CHECK (kind_evidence BETWEEN 0 AND 9),
                -- kind + 2 * evidence. kind: 0 executable, 1 debuginfo.
                -- evidence, what proved the build-id: 0 libmagic's words in the header (file class), as most rows have
                -- it, and SQLite keeps 0 and 1 without a byte, 1 the payload's ELF note, 2 a .build-id link in the
                -- header, 3 one in the debuginfo package's header, 4 the only build-id whose debuginfo the package
                -- provides
  directory_key INTEGER NOT NULL,
  path_number   INTEGER NOT NULL, -- directory_key and name mixed to 32 bits (daemon/store/path-number.ts): SQLite has
                -- no function for it, and with one of ours no other program could open the file
  name          TEXT NOT NULL -- the last component of the path
) STRICT;

-- Four bytes tell 2^32 build-ids apart: of fifty million rows one in a hundred is looked at in vain, at 17 bytes
-- an entry in place of 33. A query gives both the four bytes and the whole: the first finds, the second decides.
CREATE INDEX file_by_build_id ON file (substr(build_id, 1, 4));

-- 17 bytes an entry. A query gives directory and name, too, which decide where two paths share a number.
CREATE INDEX file_by_path ON file (path_number);

-- How much there is, kept by each transaction that writes: counting fifty million rows takes seconds.
CREATE TABLE total (
  only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
  builds    INTEGER NOT NULL, -- rows of build
  rpms      INTEGER NOT NULL, -- rows of rpm
  files     INTEGER NOT NULL, -- rows of file
  build_ids INTEGER NOT NULL  -- distinct build_id in file
) STRICT;

INSERT INTO total VALUES (1, 0, 0, 0, 0);

-- The queue: builds to be looked at, at most one job each. A job that is done is deleted.
CREATE TABLE job (
  job_id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: people type it after "retry"
  instance_key    INTEGER NOT NULL REFERENCES koji_instance,
  koji_build_id   INTEGER NOT NULL,
  state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
                  -- 0 queued, 1 running, 2 failed (tried again at run_at), 3 parked (until somebody says so)
  priority        INTEGER NOT NULL CHECK (priority IN (0, 50, 100)),
                  -- 0 push, 50 reconciliation, 100 backfill; smaller ones first
  attempts        INTEGER NOT NULL DEFAULT 0, -- begun so far, since it was last queued afresh
  run_at          INTEGER NOT NULL, -- not before this time
  created_at      INTEGER NOT NULL, -- when the build was announced (the first time since it was last looked at)
  reread          INTEGER NOT NULL DEFAULT 0 CHECK (reread IN (0, 1)),
                  -- 1: RPMs that have not changed since they were read are to be read again, too
  announced_again INTEGER, -- when it was announced while running, NULL if it was not: it is queued again then
  locked_at       INTEGER, -- when the worker last said that it lives; NULL unless running
  locked_by       TEXT,    -- the worker's name; NULL unless running
  error_code      TEXT,    -- how the last attempt failed (shared/errors.ts), NULL if none did
  error_message   TEXT,
  UNIQUE (instance_key, koji_build_id),
  CHECK ((state = 1) = (locked_at IS NOT NULL) AND (state = 1) = (locked_by IS NOT NULL)),
  CHECK (state = 1 OR announced_again IS NULL)
) STRICT;

-- What can be claimed, in the order of claiming within an instance and a priority.
CREATE INDEX job_claimable ON job (instance_key, priority, run_at, job_id) WHERE state IN (0, 2);
CREATE INDEX job_running ON job (locked_at) WHERE state = 1;
-- What people look at; queued ones are too many to index and easy to find.
CREATE INDEX job_stuck ON job (state, job_id) WHERE state IN (2, 3);
-- The lag behind a Koji: the oldest announcement that waits. A backfill is no lag.
CREATE INDEX job_waiting ON job (instance_key, created_at) WHERE state IN (0, 1) AND priority < 100;

-- Jobs by state, for the same reason as total: a backfill queues millions.
CREATE TABLE job_total (
  state INTEGER PRIMARY KEY, -- as in job
  jobs  INTEGER NOT NULL
) STRICT;

INSERT INTO job_total VALUES (0, 0), (1, 0), (2, 0), (3, 0);

CREATE TRIGGER job_inserted AFTER INSERT ON job BEGIN
  UPDATE job_total SET jobs = jobs + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER job_deleted AFTER DELETE ON job BEGIN
  UPDATE job_total SET jobs = jobs - 1 WHERE state = OLD.state;
END;

CREATE TRIGGER job_state_changed AFTER UPDATE OF state ON job WHEN OLD.state <> NEW.state BEGIN
  UPDATE job_total SET jobs = jobs - 1 WHERE state = OLD.state;
  UPDATE job_total SET jobs = jobs + 1 WHERE state = NEW.state;
END;

-- YUM repositories of the configuration. All of this is a cache: what is no longer configured is deleted.
CREATE TABLE repository (
  repository_key       INTEGER PRIMARY KEY,
  instance_key         INTEGER NOT NULL REFERENCES koji_instance,
  name                 TEXT NOT NULL,
  place                INTEGER NOT NULL, -- 0, 1, …: in the order of the configuration
  source               TEXT NOT NULL,    -- as configured: packages of another source are another repository's
  generation_key       INTEGER REFERENCES repository_generation, -- its packages, NULL before the first refresh
  packages             INTEGER NOT NULL DEFAULT 0, -- how many they are
  base_url             TEXT,    -- of the mirror that answered last, with a "/" at its end
  primary_checksum     TEXT,    -- "TYPE:HEX" of the primary that they were read from
  repomd_url           TEXT,    -- whence repomd.xml was read last; the next three are of it
  repomd_etag          TEXT,
  repomd_last_modified TEXT,
  repomd_sha256        TEXT,    -- hex
  last_refreshed       INTEGER, -- when the packages were taken over
  last_seen            INTEGER, -- when the repository last said that it has them
  failures             INTEGER NOT NULL DEFAULT 0, -- refreshes that have failed since the last that did not
  error_message        TEXT,    -- how the last refresh failed, NULL if it did not
  error_at             INTEGER,
  UNIQUE (instance_key, name),
  CHECK ((generation_key IS NULL) = (base_url IS NULL) AND (generation_key IS NULL) = (last_seen IS NULL)),
  CHECK ((error_message IS NULL) = (error_at IS NULL))
) STRICT;

-- A set of packages, which is filled in many transactions and becomes a repository's in one statement. One that
-- is no repository's is deleted: it was replaced, or whatever filled it has ended before its time.
CREATE TABLE repository_generation (
  generation_key INTEGER PRIMARY KEY AUTOINCREMENT -- never used twice: two daemons may fill at once
) STRICT;

CREATE TABLE repository_package (
  generation_key INTEGER NOT NULL REFERENCES repository_generation,
  nevra          BLOB NOT NULL,    -- the first 12 bytes of the SHA-256 of "NAME\0EPOCH\0VERSION\0RELEASE\0ARCH":
                                   -- a quarter of what they take as text, and no two have ever been found to agree
  href           TEXT NOT NULL,    -- relative to base_url, or a whole URL. It ends with "/", or is empty, where the
                                   -- file is called NAME-VERSION-RELEASE.ARCH.rpm, which is left out then
  size           INTEGER NOT NULL, -- bytes of the file
  content_size   INTEGER,          -- bytes of its main header and payload, NULL if not said
  build_time     INTEGER,          -- seconds since 1970, NULL if not said
  PRIMARY KEY (generation_key, nevra, href)
) STRICT, WITHOUT ROWID;
