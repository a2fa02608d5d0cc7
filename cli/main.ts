#!/usr/bin/env node
import { EXIT } from './exit-codes.ts';
import { endQuietlyOnClosedPipe, flush } from './output.ts';
import { runCli } from './run.ts';

const { stdin, stdout, stderr, env } = process;
for (const stream of [stdout, stderr]) endQuietlyOnClosedPipe(stream, () => process.exit(EXIT.ok));

const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env });
await Promise.all([flush(stdout), flush(stderr)]);
process.exit(exitCode);
