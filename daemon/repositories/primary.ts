import type { RepositoryPackage } from '../store/repository-types.ts';
import { locationOf } from './href.ts';
import { type Attributes, type XmlHandler, XmlReader } from './xml-reader.ts';

/** Elements of a package that are read, with what is taken of them. */
const TEXTS: ReadonlySet<string> = new Set(['name', 'arch']);
const ATTRIBUTES: ReadonlySet<string> = new Set(['version', 'time', 'size', 'location', 'header-range']);

const NAME_MAX = 255;

/**
 * Reads the packages of a primary.xml (http://linux.duke.edu/metadata/common, as createrepo_c writes it) as it
 * comes, and hands over each. Throws as XmlReader does, and what `onPackage` throws.
 */
export class PrimaryReader {
  readonly #onPackage: (each: RepositoryPackage) => void;
  readonly #xml: XmlReader;
  /** Of the package that is being read, by its element's name. */
  readonly #texts = new Map<string, string>();
  readonly #attributes = new Map<string, Attributes>();
  #root = '';
  #isRpm = false;
  #skipped = 0;

  constructor(what: string, onPackage: (each: RepositoryPackage) => void) {
    this.#onPackage = onPackage;
    const handler: XmlHandler = {
      open: (name, attributes, depth) => this.#open(name, attributes, depth),
      close: (name, text, depth) => {
        if (depth === 3 && TEXTS.has(name)) this.#texts.set(name, text);
        if (depth === 2) this.#end();
      },
    };
    this.#xml = new XmlReader(what, handler);
  }

  /** The name of the first element: "metadata" if it is a primary.xml. */
  get root(): string {
    return this.#root;
  }

  /** Packages of which something is missing or cannot be, so that no RPM could be matched to them. */
  get skipped(): number {
    return this.#skipped;
  }

  write(bytes: Uint8Array): void {
    this.#xml.write(bytes);
  }

  end(): void {
    this.#xml.end();
  }

  #open(name: string, attributes: Attributes, depth: number): boolean {
    if (depth === 3 || depth === 4) {
      if (ATTRIBUTES.has(name)) this.#attributes.set(name, attributes);
      return depth === 3 && TEXTS.has(name);
    }
    if (depth === 1) this.#root = name;
    if (depth === 2) this.#isRpm = name === 'package' && attributes['type'] === 'rpm';
    return false;
  }

  #end(): void {
    if (this.#isRpm) {
      const read = packageOf(this.#texts, this.#attributes);
      if (read === null) this.#skipped++;
      else this.#onPackage(read);
    }
    this.#texts.clear();
    this.#attributes.clear();
  }
}

function packageOf(
  texts: ReadonlyMap<string, string>,
  attributes: ReadonlyMap<string, Attributes>,
): RepositoryPackage | null {
  const { epoch = '0', ver, rel } = attributes.get('version') ?? {};
  const size = numberOf(attributes.get('size')?.['package']);
  const href = locationOf(attributes.get('location') ?? {});
  const names = [texts.get('name'), texts.get('arch'), ver, rel].map(nameOf);
  const [name, arch, version, release] = names;
  if (!name || !arch || !version || !release || href === null || size === null) return null;
  const epochNumber = numberOf(epoch === '' ? '0' : epoch);
  if (epochNumber === null) return null;
  // Lead and signature header come before the main header; they are what signing changes.
  const start = numberOf(attributes.get('header-range')?.['start']);
  const contentSize = start === null || start === 0 || start >= size ? null : size - start;
  const buildTime = numberOf(attributes.get('time')?.['build']) || null;
  return { name, arch, version, release, epoch: epochNumber, href, size, contentSize, buildTime };
}

function nameOf(text: string | undefined): string | null {
  const isName = text !== undefined && text.length <= NAME_MAX && !/[/\s\p{Cc}\p{Cs}]/u.test(text);
  return isName ? text : null;
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
