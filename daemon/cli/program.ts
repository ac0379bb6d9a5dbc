import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf, toDarkserverError } from '../../shared/errors.ts';
import { VERSION } from '../version.ts';
import { addBackfill } from './backfill.ts';
import { addBackup } from './backup.ts';
import { addCheckConfig } from './check-config.ts';
import { addEnqueue } from './enqueue.ts';
import { addIndex } from './index-local.ts';
import { addJobs } from './jobs.ts';
import { addLookup } from './lookup.ts';
import { addRetry } from './retry.ts';
import { addServe } from './serve.ts';
import { addStatus } from './status.ts';
import { addVerify } from './verify.ts';
import { addWorker } from './worker.ts';
import { complain, leaveQuietlyWithoutReader, printable } from './output.ts';

/** Runs one command line, without the program's own name in front; says what went wrong; returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  leaveQuietlyWithoutReader();
  const program = createProgram();
  let running = program;
  program.hook('preAction', (_program, command) => {
    running = command;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT.done);
  } catch (thrown) {
    // commander has printed what it has to say; 0 is --help and --version.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    return tell(thrown, running);
  }
}

function tell(thrown: unknown, command: Command): number {
  const error = toDarkserverError(thrown);
  for (const line of error.message.split('\n')) complain(`darkserver: ${printable(line)}`);
  if (error.code === 'usage') complain(`see '${fullName(command)} --help'`);
  if (error.code === 'internal')
    complain(`this is a defect of darkserver\n${String((thrown as Error).stack)}`);
  return exitCodeOf(error.code);
}

function createProgram(): Command {
  const program = new Command('darkserver')
    .description('From a GNU build-id to the exact Koji build, RPM and download address.')
    .version(VERSION)
    .option('--config <file>', 'configuration (default: /etc/darkserver/darkserver.toml, where it exists)')
    .option('--database <file>', 'database, in place of database.path')
    .option('--log-level <level>', 'error, warn, info or debug, in place of log.level')
    .option('--log-format <format>', 'text or json, in place of log.format')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  darkserver serve                            answer on 127.0.0.1:8080, index what Koji announces
  darkserver backfill --tag f41               index what a tag holds
  darkserver lookup 4f2ba2b4a1c0…             which package has this build-id?
  darkserver check-config                     what is in force, and does Koji answer?

Exit codes: 0 done, 1 no match or some failed, 2 network, 3 bad input, 4 usage, 5 configuration.`,
    );
  addServe(program);
  addWorker(program);
  addEnqueue(program);
  addBackfill(program);
  addIndex(program);
  addLookup(program);
  addStatus(program);
  addJobs(program);
  addRetry(program);
  addVerify(program);
  addBackup(program);
  addCheckConfig(program);
  for (const command of [program, ...program.commands]) {
    command.showHelpAfterError(`see '${fullName(command)} --help'`);
  }
  return program;
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
}
