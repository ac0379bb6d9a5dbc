/** How much may be asked and pushed at once: apart from the shapes, which take longer to load than a command to answer. */

/** Build-ids in one batch. */
export const MAX_BATCH = 5000;

/** Members of one page, at most and unless asked otherwise. */
export const MAX_PAGE = 1000;
export const DEFAULT_PAGE = 100;

/** Characters of a path; no file system has longer ones. */
export const MAX_PATH = 4096;

/** Koji's build ids in one push: more than one hub request can make, few enough for one transaction. */
export const MAX_PUSH = 20_000;
