import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from '../program.ts';
import { manPage } from './page.ts';

const { stdin, stdout, stderr } = process;
const program = createProgram({ stdin, stdout, stderr, env: {} }, () => undefined);
writeFileSync(join(import.meta.dirname, '../../docs/httptrace.1'), manPage(program));
