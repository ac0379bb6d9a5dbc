import { dirname, resolve } from 'node:path';
import type { ConfigFile } from './file.ts';
import type { Origin, SettingInForce } from './origin.ts';
import type { TextOverride } from './environment.ts';
import { DEFAULTS, DEFAULT_KOJI, KOJI_KEYS, PATH_SETTINGS, SECTIONS, SECTION_KEYS } from './schema.ts';
import { describeOrigin } from './origin.ts';
import { lineOf } from './toml-lines.ts';

type Path = readonly PropertyKey[];

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
    for (const [path, table] of this.#tables()) {
      for (const [key, value] of Object.entries(table)) {
        if (PATH_SETTINGS.has(`${String(path[0])}.${key}`) && typeof value === 'string' && value !== '') {
          table[key] = resolve(dirname(file.path), value);
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
    for (const [path, table] of this.#tables()) {
      const section = String(path[0]);
      for (const key of section === 'koji' ? KOJI_KEYS : SECTION_KEYS[section as (typeof SECTIONS)[number]]) {
        const value = DEFAULTS[`${section}.${key}`];
        if (value !== undefined) this.#default(table, [...path, key], value);
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

  /** A setting as messages call it; which Koji is said only where there are several. */
  nameOf(path: Path): string {
    const [section, number, ...rest] = path;
    if (section !== 'koji' || number === undefined) return path.join('.');
    const key = ['koji', ...rest].join('.');
    const several = Array.isArray(this.document['koji']) && this.document['koji'].length > 1;
    if (!several) return key;
    const name = this.valueAt(['koji', number, 'name']);
    return `${key} of ${typeof name === 'string' ? `"${name}"` : `[[koji]] ${Number(number) + 1}`}`;
  }

  /** Every setting, for check-config. Only after the document was found to be right. */
  inForce(): SettingInForce[] {
    return [...this.#tables()].flatMap(([path]) => {
      const section = String(path[0]);
      const keys = section === 'koji' ? KOJI_KEYS : SECTION_KEYS[section as (typeof SECTIONS)[number]];
      return keys.map((key) => {
        const at = [...path, key];
        const value = this.valueAt(at);
        return value === undefined
          ? { key: this.nameOf(at), value: null, origin: describeOrigin({ from: 'default' }) }
          : { key: this.nameOf(at), value: JSON.stringify(value), origin: describeOrigin(this.originOf(at)) };
      });
    });
  }

  /** The tables that are tables: the sections, then each Koji. */
  *#tables(): Generator<[Path, Record<string, unknown>]> {
    for (const section of SECTIONS) {
      const table = this.document[section];
      if (isTable(table)) yield [[section], table];
    }
    const kojis = this.document['koji'];
    if (!Array.isArray(kojis)) return;
    for (const [index, koji] of (kojis as unknown[]).entries()) {
      if (isTable(koji)) yield [['koji', index], koji];
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
