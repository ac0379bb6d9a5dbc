/** Every bound of the HTTP side in one place. Times in milliseconds, sizes in bytes. */

/**
 * The URL, without the host; more is a 414. Eight hundred build-ids fit into this, and a core of a desktop program
 * has mapped that many files.
 */
export const MAX_URL_BYTES = 32 * 1024;

/** Request line and header lines together; more is a 431. Beside the longest URL there is room for cookies. */
export const MAX_HEADER_BYTES = 40 * 1024;

/** 5000 build-ids of the longest form, and 100,000 of Koji's build ids, fit into this. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Build-ids in one of upstream's URLs; more is a 414. */
export const MAX_IDS_IN_URL = 1000;

/** Build-ids on one page for people; a core of a large desktop program has some 700. */
export const MAX_IDS_ON_PAGE = 1000;

/** A client that has not sent its header lines by then is cut off with a 408. */
export const HEADERS_TIMEOUT = 10_000;

/** A client that has not sent its body by then is cut off with a 408. */
export const REQUEST_TIMEOUT = 30_000;

/** How often Node looks for connections that have run out of time; its default of 30 s makes 10 s into 40. */
export const TIMEOUTS_CHECK_INTERVAL = 2_000;

/** Longer than the 60 seconds after which common reverse proxies let go of a connection of their own. */
export const KEEP_ALIVE_TIMEOUT = 65_000;

/**
 * A client must take some of its answer in this time, or all of it where it was written in one piece, as all JSON
 * is; who does not is cut off, as its answer stays in memory.
 */
export const ANSWER_TIMEOUT = 60_000;

/** Of all answers that wait for their clients; beyond it the largest are given up with their connections. */
export const MAX_WAITING_BYTES = 128 * 1024 * 1024;

/** Of all bodies that are arriving; beyond it the largest are given up with their connections. */
export const MAX_ARRIVING_BYTES = 64 * 1024 * 1024;

/** Connections that are open at once; a further one is closed at once. Some 15 KB of memory each while idle. */
export const MAX_CONNECTIONS = 12_000;

/** Open files that are left to the index, to RPMs that are read, and to connections of our own. */
export const RESERVED_FILES = 1024;

/** How long closing waits for requests under way before it cuts their connections. */
export const CLOSE_GRACE = 5_000;

/** Requests that took longer are logged at info. */
export const SLOW_REQUEST = 1_000;

/** Answers from this size on are packed for whoever takes gzip; a smaller one fits into one packet anyway. */
export const COMPRESS_FROM = 1024;

/** From this size on packing (70 µs for 10 KB) is left to a thread, which costs half as much again to be told. */
export const COMPRESS_IN_THREAD_FROM = 16 * 1024;

/** Addresses whose requests are counted at once, for a rate limit; those that asked longest ago are forgotten. */
export const MAX_COUNTED_ADDRESSES = 50_000;
