import { dirname, resolve } from 'node:path';
import type { ConfigFile } from './file.ts';
import type { Origin, SettingInForce } from './origin.ts';
import type { TextOverride } from './environment.ts';
import {
  DEFAULTS,
  DEFAULT_KOJI,
  KOJI_KEYS,
  PATH_SETTINGS,
  REPOSITORY_KEYS,
  SECTIONS,
  SECTION_KEYS,
} from './schema.ts';
import { describeOrigin } from './origin.ts';
import { lineOf } from './toml-lines.ts';

type Path = readonly PropertyKey[];

/** A table of the document. */
interface Table {
  readonly path: Path;
  readonly values: Record<string, unknown>;
  /** The keys that it may have. */
  readonly keys: readonly string[];
}

/**
 * The configuration as one document, made layer by layer, with the origin of each value. What is in
 * it is checked afterwards: until then a table may well be a number.
 */
export class Layers {
  readonly document: Record<string, unknown>;
  readonly #file: ConfigFile | null;
  readonly #origins = new Map<string, Origin>();
  /** True if the file says where a Koji is. */
  readonly #describesKoji: boolean;

  constructor(file: ConfigFile | null) {
    this.#file = file;
    this.document = file?.document ?? {};
    const kojis = this.document['koji'];
    this.#describesKoji = Array.isArray(kojis) && kojis.length > 0;
    if (file === null) return;
    for (const { path, values } of this.#tables()) {
      for (const [key, value] of Object.entries(values)) {
        if (PATH_SETTINGS.has(keyOf([...path, key])) && typeof value === 'string' && value !== '') {
          values[key] = resolve(dirname(file.path), value);
        }
      }
    }
  }

  /** Lays settings over what is there. Those of a Koji go to the default instance. */
  lay(overrides: readonly TextOverride[], originOf: (name: string) => Origin): void {
    for (const { key, value, name } of overrides) {
      const [section = '', setting = ''] = key.split('.');
      const path: Path = section === 'koji' ? ['koji', 0, setting] : [section, setting];
      const table = section === 'koji' ? this.#defaultKoji() : this.#section(section);
      if (table === null) continue;
      table[setting] = fromText(key, value);
      this.#origins.set(path.join('.'), originOf(name));
    }
  }

  /** Puts defaults where nothing was said. */
  fillIn(): void {
    this.#nameKoji();
    for (const section of SECTIONS) this.#section(section);
    for (const { path, values, keys } of this.#tables()) {
      for (const key of keys) {
        const value = DEFAULTS[keyOf([...path, key])];
        if (value !== undefined) this.#default(values, [...path, key], value);
      }
    }
  }

  /** Where the value at `path` came from; for one that is missing, where its table did. */
  originOf(path: Path): Origin {
    const known = this.#origins.get(path.join('.'));
    if (known !== undefined) return known;
    if (this.#file === null) return { from: 'default' };
    return { from: 'file', path: this.#file.path, line: lineOf(this.#file.lines, path) };
  }

  valueAt(path: Path): unknown {
    return path.reduce<unknown>(
      (table, key) =>
        typeof table === 'object' && table !== null
          ? (table as Record<PropertyKey, unknown>)[key]
          : undefined,
      this.document,
    );
  }

  /** A setting as messages call it; which Koji or repository is said only where there are several. */
  nameOf(path: Path): string {
    const numbers = path.flatMap((part, at) => (typeof part === 'number' ? [at] : []));
    const owners = numbers.flatMap((at) => {
      const tables = this.valueAt(path.slice(0, at));
      if (!Array.isArray(tables) || tables.length < 2) return [];
      const name = this.valueAt([...path.slice(0, at + 1), 'name']);
      if (typeof name === 'string') return [`"${name}"`];
      return [`[[${keyOf(path.slice(0, at))}]] ${Number(path[at]) + 1}`];
    });
    return [keyOf(path), ...owners.reverse()].join(' of ');
  }

  /** Every setting, for check-config. Only after the document was found to be right. */
  inForce(): SettingInForce[] {
    return [...this.#tables()].flatMap(({ path, values, keys }) =>
      // A repository has one of three keys: the others are no settings that could be made.
      (keys === REPOSITORY_KEYS ? keys.filter((key) => values[key] !== undefined) : keys).map((key) => {
        const at = [...path, key];
        const value = values[key];
        return value === undefined
          ? { key: this.nameOf(at), value: null, origin: describeOrigin({ from: 'default' }) }
          : { key: this.nameOf(at), value: JSON.stringify(value), origin: describeOrigin(this.originOf(at)) };
      }),
    );
  }

  /** The tables that are tables: the sections, then each Koji with its repositories. */
  *#tables(): Generator<Table> {
    for (const section of SECTIONS) {
      const values = this.document[section];
      if (isTable(values)) yield { path: [section], values, keys: SECTION_KEYS[section] };
    }
    for (const koji of this.#tablesAt(['koji'], KOJI_KEYS)) {
      yield koji;
      yield* this.#tablesAt([...koji.path, 'repository'], REPOSITORY_KEYS);
    }
  }

  *#tablesAt(path: Path, keys: readonly string[]): Generator<Table> {
    const tables = this.valueAt(path);
    if (!Array.isArray(tables)) return;
    for (const [index, values] of (tables as unknown[]).entries()) {
      if (isTable(values)) yield { path: [...path, index], values, keys };
    }
  }

  #section(section: string): Record<string, unknown> | null {
    const table = (this.document[section] ??= {});
    return isTable(table) ? table : null;
  }

  #defaultKoji(): Record<string, unknown> | null {
    const kojis = (this.document['koji'] ??= []);
    if (!Array.isArray(kojis)) return null;
    if (kojis.length === 0) kojis.push({});
    const first: unknown = kojis[0];
    return isTable(first) ? first : null;
  }

  /** Who the Koji is that no file describes: Fedora's, unless flags or environment say where it is. */
  #nameKoji(): void {
    if (this.#describesKoji) return;
    const koji = this.#defaultKoji();
    if (koji === null) return;
    const hub = koji['hub'];
    const isFedora = typeof hub !== 'string' || hub.replace(/\/+$/, '') === DEFAULT_KOJI.hub;
    // Another hub has other addresses than Fedora's, but flags do not rename the default instance: its
    // name is what hubs and scripts announce builds for.
    const known = isFedora ? DEFAULT_KOJI : { name: DEFAULT_KOJI.name };
    for (const [key, value] of Object.entries(known)) this.#default(koji, ['koji', 0, key], value);
  }

  #default(table: Record<string, unknown>, path: Path, value: unknown): void {
    const key = String(path.at(-1));
    if (table[key] !== undefined) return;
    table[key] = value;
    this.#origins.set(path.join('.'), { from: 'default' });
  }
}

/** A setting without the numbers of its tables, as in SETTING_KEYS. */
export function keyOf(path: Path): string {
  return path.filter((part) => typeof part !== 'number').join('.');
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A value of the environment or of a flag as the file would have it. What is no number stays text. */
function fromText(key: string, text: string): unknown {
  const sample = DEFAULTS[key];
  if (typeof sample === 'number' && /^\d{1,9}$/.test(text.trim())) return Number(text);
  if (Array.isArray(sample)) return text.split(',').map((part) => part.trim());
  return text;
}
