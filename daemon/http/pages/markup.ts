/**
 * HTML by one tagged template. Everything that is put into it is escaped, whoever it comes from, except what
 * this template itself made: paths, package names and the searched text are other people's.
 */
export class Markup {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** For `markup` and for style sheets, which are written here and nowhere else. */
  static trusted(text: string): Markup {
    return new Markup(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** False and null leave nothing behind, so that a part can depend on a condition; lists are joined. */
type Part = Markup | string | number | false | null | readonly Part[];

/**
 * `markup`<p title="${title}">${text}</p>``. Values of attributes must stand in double quotes: what is escaped
 * cannot leave them.
 */
export function markup(literals: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = literals[0] ?? '';
  parts.forEach((part, index) => {
    text += render(part) + (literals[index + 1] ?? '');
  });
  return Markup.trusted(text);
}

function render(part: Part): string {
  if (part === false || part === null) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escape(part);
  return part instanceof Markup ? part.toString() : part.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A NUL is not allowed in HTML at all, not even as an entity. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '').replaceAll('\0', '\u{fffd}');
}

/**
 * Characters that cannot be seen, or that turn round what stands beside them (control and format characters,
 * line and paragraph separators, lone surrogates, private use), and blanks at either end or in a row.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|^[ ]|[ ]$|(?<=[ ])[ ]|[^\S ]/gu;

/** A path or a name as text that reads in its own direction, with what could not be seen named: U+202E. */
export function name(text: string): Markup {
  const parts = piecesOf(text).map((piece) => (piece.isSeen ? piece.text : markup`<i>${piece.text}</i>`));
  return markup`<bdi>${parts}</bdi>`;
}

/** The same for titles, which have no elements in them. */
export function plainName(text: string): string {
  return piecesOf(text)
    .map((piece) => (piece.isSeen ? piece.text : `[${piece.text}]`))
    .join('');
}

function piecesOf(text: string): { text: string; isSeen: boolean }[] {
  const pieces = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    pieces.push({ text: text.slice(from, match.index), isSeen: true });
    pieces.push({ text: codePointName(match[0]), isSeen: false });
    from = match.index + match[0].length;
  }
  return [...pieces, { text: text.slice(from), isSeen: true }];
}

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
