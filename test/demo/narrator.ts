import picocolors from 'picocolors';

const COLUMNS = 96;

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** Tells the demo's story on stdout and keeps count of what was right. */
export class Narrator {
  #step = 0;
  #right = 0;
  readonly #wrong: string[] = [];

  step(title: string): void {
    this.#step += 1;
    console.log(`\n${picocolors.bold(`${this.#step}. ${title}`)}`);
  }

  say(text: string): void {
    for (const line of wrapped(text)) console.log(`   ${line}`);
  }

  /** A command or request that a person could type. */
  command(text: string): void {
    console.log(`   ${picocolors.cyan(`$ ${text}`)}`);
  }

  /** A command's next line. */
  more(text: string): void {
    console.log(`       ${picocolors.cyan(text)}`);
  }

  answer(text: string): void {
    for (const line of text.trimEnd().split('\n')) console.log(picocolors.dim(`     ${line}`));
  }

  /** One answer that is either right or not. `found` is shown where it is wrong. */
  check(claim: string, right: boolean, found: unknown = null): void {
    if (right) {
      this.#right += 1;
      console.log(`   ${picocolors.green('right:')} ${claim}`);
      return;
    }
    const text = `${claim}, but the answer was ${JSON.stringify(found)}`;
    this.#wrong.push(text);
    console.log(`   ${picocolors.red('WRONG:')} ${text}`);
  }

  /** True if every answer was right, and there was one. */
  conclude(): boolean {
    const wrong = this.#wrong.length;
    const verdict = wrong === 0 ? picocolors.green('Every answer was right') : picocolors.red('Not right');
    console.log(`\n${verdict}: ${this.#right} of ${this.#right + wrong} checks.`);
    return wrong === 0 && this.#right > 0;
  }
}
