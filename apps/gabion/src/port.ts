import { once } from 'node:events';
import { createServer } from 'node:net';
import { Complaint, exitCodes } from './complaint.ts';

/** Refuses a port that cannot be listened on, before anything else is started; `option` is how to name another. */
export async function refuseTakenPort(host: string, port: number, option: string): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  } catch (error) {
    throw complaint(error as NodeJS.ErrnoException, host, port, option);
  }
}

function complaint(error: NodeJS.ErrnoException, host: string, port: number, option: string): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Complaint(`port ${port} of ${host} is taken by another program`, {
        code: 'port_taken',
        hint: `Choose another with ${option} (0 takes a free one), or stop that program.`,
        exitCode: exitCodes.failed,
        cause: error,
      });
    case 'EACCES':
      return new Complaint(`port ${port} may be used by root only`, {
        code: 'port_not_permitted',
        hint: `Choose one of 1024 or more with ${option}.`,
        exitCode: exitCodes.failed,
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Complaint(`${host} is no address of this machine`, {
        code: 'host_unknown',
        hint: 'Give one with --host: 127.0.0.1 for this machine only, 0.0.0.0 for everybody.',
        cause: error,
      });
    default:
      return error;
  }
}
