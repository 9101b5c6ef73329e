import { answerFor } from './complaint.ts';
import { program } from './program.ts';

// A reader that has seen enough (`gabion scan … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program().parseAsync(process.argv);
} catch (error) {
  process.exitCode = answerFor(error, process.argv.includes('--json') || process.argv.includes('json'));
}
