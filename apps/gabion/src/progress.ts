/** Says how long work goes; lines are written to standard error, one over the other on a terminal. */
export interface Progress extends Disposable {
  /** What is happening right now. */
  at(line: string): void;
}

/** Shows the latest line: rewritten in place on a terminal; elsewhere a plain line, at most one a second and none twice. */
export function showProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  return out.isTTY ? onTerminal(out) : asLines(out);
}

function onTerminal(out: NodeJS.WriteStream): Progress {
  const width = () => (out.columns ?? 80) - 1;
  return {
    at: (line) => out.write(`\r\x1b[2K${line.slice(0, width())}`),
    [Symbol.dispose]: () => out.write('\r\x1b[2K'),
  };
}

function asLines(out: NodeJS.WriteStream): Progress {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shown = '';
  return {
    at(line) {
      if (line === shown || performance.now() - shownAt < 1000) return;
      shownAt = performance.now();
      shown = line;
      out.write(`${line}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}
