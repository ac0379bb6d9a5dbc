import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** More than any of these commands has to say. */
const MAX_OUTPUT = 64 * 1024 * 1024;

/** The same words and the same times in every RPM. */
const ENVIRONMENT = { ...process.env, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '1700000000' };

/** Runs a command to its end and returns what it printed. Throws with its last words if it fails. */
export async function run(command: string, args: readonly string[], directory?: string): Promise<string> {
  try {
    const options = { maxBuffer: MAX_OUTPUT, env: ENVIRONMENT };
    const { stdout } = await execute(command, args, { ...options, ...(directory && { cwd: directory }) });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`${command}: ${stderr?.trim().slice(-500) ?? message}`, { cause: error });
  }
}
